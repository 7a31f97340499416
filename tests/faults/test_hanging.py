"""A worker that hangs without dying, and workers that only seem to."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http_client import HttpClient
from tests.support.server import Server, changed_by
from tests.support.waiting import within

SILENT_FOR_S = 6  # event loops beat once a second, but may have to wait for a processor
HANGS = f"""
import time
from api.health import health
from api.middleware.auth import public
from api.server import supervisor

@health.get("/hang")
@public
async def hang_for_ever():
    time.sleep(3600)

supervisor._LOOK_EVERY_S = 0.5
supervisor._SILENT_LOOKS = {SILENT_FOR_S * 2}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=2, program=changed_by(HANGS))
    yield server.start()
    server.close()


def test_a_worker_that_hangs_is_replaced_and_the_log_says_where_it_hung(server: Server) -> None:
    before = set(server.worker_pids())
    with pytest.raises(OSError, match=r"closed|timed out"):
        HttpClient(server).ask("GET", "/hang")
    assert within(30, lambda: len(set(server.worker_pids()) - before) == 1)
    assert within(30, lambda: server.log.count("hang_for_ever") == 1)
    assert all(HttpClient(server).ask("GET", "/health")[0] == 200 for _ in range(10))


def test_workers_that_slept_with_their_machine_live_on(server: Server) -> None:
    assert server.process
    workers = server.worker_pids()
    for pid in (server.process.pid, *workers):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(SILENT_FOR_S + 1)  # while nothing happens, which nothing shows
    for pid in (server.process.pid, *workers):
        os.kill(pid, signal.SIGCONT)
    time.sleep(1.5)  # in which the supervisor looks
    assert HttpClient(server).ask("GET", "/health")[0] == 200
    assert server.worker_pids() == workers
