"""The log, as whoever started the server sees it."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from api.logs import JsonLines, Lines
from tests.support.cast import Cast
from tests.support.server import ROOT

LOGGED = """
import logging
from api.logs import RequestLine, write_request_line, start_logging

start_logging()

def ask(message, **values):
    write_request_line(RequestLine(message=message, request_id="x", **values))

ask("GET /api/me", user_id=7, status=200, ms=12.3)
ask("GET /static/<path:name>", user_id=None, status=200, ms=0.5)
ask("GET /static/<path:name>", user_id=None, status=404, ms=0.5)
logging.getLogger("api").warning("worker %d serves \\udcff again", 2)
try:
    raise ValueError("\\udcff")
except ValueError:
    logging.getLogger("api").exception("a bug")
logging.disable(logging.INFO)
ask("GET /api/me", user_id=7, status=200, ms=12.3)
"""
MANY = """
from api.logs import RequestLine, write_request_line, start_logging

start_logging()
line = RequestLine(message="GET /api/me", request_id="x", user_id=7, status=200, ms=12.3)
for _ in range(1000):
    write_request_line(line)
"""


CHOSEN = """
import logging
from api.logs import RequestLine, request_id, start_logging, write_request_line

def tell():
    logging.getLogger("api").debug("a detail")
    write_request_line(RequestLine(message="GET /", request_id="x", user_id=7, status=200, ms=1))
    logging.getLogger("aiosqlite").info("too much")
    request_id.set("4be0a6c1")
    logging.getLogger("api").warning("it is slow")
    request_id.set(None)

for level in ("debug", "warning"):
    for form in ("json", "plain"):
        start_logging(level, form, node="north")
        tell()
"""


def started(program: str, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=stderr)


def read_whole(end: int) -> list[str]:
    with os.fdopen(end) as log:
        return log.readlines()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe at which nobody waits: the end to read from, and the one to write into."""
    ours, theirs = os.pipe()
    for end in (ours, theirs):
        os.set_blocking(end, False)
    yield ours, theirs
    for end in (ours, theirs):
        os.close(end)


def fill(pipe: int) -> None:
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"\n" * 4096)


def test_in_a_terminal_it_is_short_lines_and_none_for_each_file_of_a_page() -> None:
    terminal, other_end = os.openpty()
    assert started(LOGGED, other_end).wait() == 0
    os.close(other_end)
    shown = os.read(terminal, 65536).decode().replace("\r\n", "\n")
    os.close(terminal)
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in shown.splitlines()]
    assert lines[:4] == [
        "GET /api/me 200, 12 ms",
        "GET /static/<path:name> 404, 0 ms",
        "warning: worker 2 serves \\udcff again",
        "error: a bug",
    ]
    assert lines[4].startswith("Traceback")
    assert lines[-1] == "ValueError: \\udcff"


def test_elsewhere_it_is_one_object_of_json_a_line() -> None:
    ours, theirs = os.pipe()
    assert started(LOGGED, theirs).wait() == 0
    os.close(theirs)
    lines = [json.loads(line) for line in read_whole(ours)]
    assert [line["level"] for line in lines] == ["info", "info", "info", "warning", "error"]
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}\+00:00", line["at"]) for line in lines)
    asked = {"message": "GET /api/me", "request_id": "x", "user_id": 7, "status": 200, "ms": 12.3}
    first = {"at": lines[0]["at"], "level": "info", "logger": "homeroom.request", **asked}
    assert list(lines[0].items()) == list(first.items())
    assert lines[-2]["message"] == "worker 2 serves \\udcff again"
    assert "ValueError: \\udcff" in lines[-1]["exception"]


def test_level_and_format_are_chosen_and_what_is_told_within_a_request_has_its_id() -> None:
    ours, theirs = os.pipe()
    assert started(CHOSEN, theirs).wait() == 0
    os.close(theirs)
    lines = read_whole(ours)
    in_json = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line["message"] for line in in_json] == [
        "a detail", "GET /", "it is slow", "it is slow",
    ]  # fmt: skip
    assert [line.get("request_id") for line in in_json] == [None, "x", "4be0a6c1", "4be0a6c1"]
    assert {line["node"] for line in in_json} == {"north"}
    plain = [line.rstrip() for line in lines if not line.startswith("{")]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in plain)
    slow = "warning: it is slow (request 4be0a6c1)"
    assert [line[20:] for line in plain] == ["a detail", "GET / 200, 1 ms", slow, slow]


def test_the_lines_of_several_workers_are_not_mixed() -> None:
    ours, theirs = os.pipe()
    workers = [started(MANY, theirs) for _ in range(3)]
    os.close(theirs)
    lines = [json.loads(line) for line in read_whole(ours)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert len(lines) == 3000


async def test_a_request_is_told_with_who_has_asked(
    people: Cast,
    pipe: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours, theirs = pipe
    lines = Lines(theirs)
    lines.setFormatter(JsonLines())
    monkeypatch.setattr(logging.root, "handlers", [lines])
    caplog.set_level(logging.INFO, "homeroom.request")
    answer = await people.bob.ask("GET", "/api/posts/12345")
    line = json.loads(os.read(ours, 65536))
    assert line["message"] == "GET /api/posts/<id:post_id>"
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["user_id"], line["status"]) == (people.bob.id, 404)


def test_what_a_full_pipe_does_not_take_follows_when_it_is_read(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    lines = Lines(theirs)
    fill(theirs)
    lines.write(b"first\n")
    lines.write(b"second\n")
    os.read(ours, 2**20)
    lines.write(b"third\n")
    assert os.read(ours, 2**20) == b"first\nsecond\nthird\n"


def test_of_a_long_line_the_rest_follows(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    lines, long = Lines(theirs), b"." * 100_000 + b"\n"
    lines.write(long)
    read = os.read(ours, 2**20)
    assert len(read) < len(long)
    lines.write(b"next\n")
    assert read + os.read(ours, 2**20) == long + b"next\n"


def test_when_too_much_is_unread_the_log_says_how_many_lines_are_lost(
    pipe: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = pipe
    lines = Lines(theirs)
    fill(theirs)
    for _ in range(1010):
        lines.write(b"too much\n")
    os.read(ours, 2**20)
    lines.flush()
    assert re.findall(r"lost (\d+) lines", caplog.text) == ["10"]


def test_nothing_fails_when_nobody_reads_any_more() -> None:
    ours, theirs = os.pipe()
    lines = Lines(theirs)
    os.close(ours)
    lines.write(b"nobody reads this\n")
    os.close(theirs)
