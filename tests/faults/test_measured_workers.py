"""Figures of a real server: summed over its workers, and kept when one of them is killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http_client import HttpClient
from tests.support.scraping import SETTINGS, scraped, total
from tests.support.server import Server
from tests.support.waiting import within

REQUESTS = "homeroom_requests_total"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=2, settings=SETTINGS)
    yield server.start()
    server.close()


def test_requests_are_summed_over_the_workers_whichever_is_asked_and_killed(server: Server) -> None:
    """It starts a server, and kills a worker of it."""
    client, asked = HttpClient(server), {"method": "GET", "route": "/health"}
    before = total(scraped(server), REQUESTS, **asked)
    for _ in range(40):
        client.ask("GET", "/health")
    for _ in range(5):
        assert total(scraped(server), REQUESTS, **asked) == before + 40
    (pid, _) = workers = server.worker_pids()
    os.kill(pid, signal.SIGKILL)
    assert within(20, lambda: len(set(server.worker_pids()) - set(workers)) == 1)
    for _ in range(20):
        client.ask("GET", "/health")
    assert total(scraped(server), REQUESTS, **asked) == before + 60
