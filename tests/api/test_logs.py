"""The log, as whoever started the server sees it."""

import json
import os
import re
import subprocess
import sys

from tests.support.server import ROOT

LOGGED = """
import logging
from api.logs import start_logging

start_logging()
asked = logging.getLogger("homeroom.request")
asked.info("%s %s", "GET", "/api/me", extra={"status": 200, "ms": 12.3, "request_id": "x"})
asked.info("%s %s", "GET", "/static/<path:name>", extra={"status": 200, "ms": 0.5})
asked.info("%s %s", "GET", "/static/<path:name>", extra={"status": 404, "ms": 0.5})
logging.getLogger("api").warning("worker %d serves again", 2)
try:
    raise ValueError("why")
except ValueError:
    logging.getLogger("api").exception("a bug")
"""


def written(stderr: int) -> None:
    subprocess.run([sys.executable, "-c", LOGGED], cwd=ROOT, stderr=stderr, check=True)


def test_in_a_terminal_it_is_short_lines_and_none_for_each_file_of_a_page() -> None:
    terminal, other_end = os.openpty()
    written(other_end)
    os.close(other_end)
    shown = os.read(terminal, 65536).decode().replace("\r\n", "\n")
    os.close(terminal)
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in shown.splitlines()]
    assert lines[:4] == [
        "GET /api/me 200, 12 ms",
        "GET /static/<path:name> 404, 0 ms",
        "warning: worker 2 serves again",
        "error: a bug",
    ]
    assert lines[4].startswith("Traceback")
    assert lines[-1] == "ValueError: why"


def test_elsewhere_it_is_one_object_of_json_a_line() -> None:
    ours, theirs = os.pipe()
    written(theirs)
    os.close(theirs)
    with os.fdopen(ours) as log:
        lines = [json.loads(line) for line in log]
    assert [line["level"] for line in lines] == ["info", "info", "info", "warning", "error"]
    assert lines[0]["message"] == "GET /api/me"
    assert (lines[0]["status"], lines[0]["ms"], lines[0]["request_id"]) == (200, 12.3, "x")
    assert "ValueError: why" in lines[-1]["exception"]
