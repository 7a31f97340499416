"""A real Prometheus, which watches a real server with the files that are there for it."""

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.prove.instance import free_port
from tests.support.scraping import TOKEN
from tests.support.server import ROOT, Server
from tests.support.waiting import within

MONITORING = ROOT / "deploy" / "monitoring"
HURRIED = "global: { evaluation_interval: 1s }\n"


@dataclass(frozen=True)
class Prometheus:
    port: int

    def ask(self, path: str, **query: str) -> Any:
        """What its API answers to a GET. Raises HTTPError for a query that it cannot read."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]

    def is_up(self) -> bool:
        """Whether it has read the figures of the server."""
        try:
            return bool(self.ask("query", query='up{job="homeroom"} == 1')["result"])
        except OSError:
            return False


@contextmanager
def prometheus(server: Server, folder: Path) -> Iterator[Prometheus]:
    """It has seen the server when this begins."""
    program = shutil.which("prometheus")
    if program is None:
        why = "prometheus is not there: your system's package of this name has it"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    shutil.copytree(MONITORING, folder)
    (folder / "homeroom-token").write_text(TOKEN)
    file = folder / "prometheus.yml"
    there = file.read_text().replace("localhost:8080", server.url.removeprefix("http://"))
    file.write_text(HURRIED + there.replace("scrape_interval: 15s", "scrape_interval: 1s"))
    port = free_port()
    options = {
        "config.file": file,
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"127.0.0.1:{port}",
        "log.level": "error",
    }
    running = subprocess.Popen([program, *[f"--{key}={value}" for key, value in options.items()]])
    try:
        asked = Prometheus(port)
        assert within(20, asked.is_up)
        yield asked
    finally:
        running.terminate()
        running.wait(10)
