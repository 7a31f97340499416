"""More connections than the system lets a process have."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.http_client import HttpClient
from tests.support.server import Server, changed_by
from tests.support.waiting import within

CLIENTS = 560
GIVEN, ALLOWED = 64, 256
LIMITED = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({GIVEN}, {ALLOWED}))"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=1, program=changed_by(LIMITED))
    yield server.start()
    server.close()


@contextmanager
def standing_still(server: Server) -> Iterator[None]:
    (worker,) = server.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    yield
    os.kill(worker, signal.SIGCONT)


def answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    with connection.getresponse() as response:
        return response.status, response.read()


def test_whoever_is_one_too_many_hears_so_and_the_others_go_on(server: Server) -> None:
    with ExitStack() as leaving:
        clients = [
            leaving.enter_context(
                closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30))
            )
            for _ in range(CLIENTS)
        ]
        with standing_still(server):  # so that all come at once
            for client in clients:
                client.connect()
        for client in clients:
            client.request("GET", "/health")
        answers = [answer(client) for client in clients]
        refused = [json.loads(body) for status, body in answers if status == 503]
        assert {problem["code"] for problem in refused} == {"try_again"}
        assert [status for status, _ in answers].count(200) == CLIENTS - len(refused) > GIVEN
        clients[0].request("GET", "/ready")
        assert answer(clients[0])[0] == 200
    assert server.log.count("too many connections") == 1
    assert within(10, lambda: HttpClient(server).ask("GET", "/health")[0] == 200)
