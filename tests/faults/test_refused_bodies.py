"""Whoever is refused while sending hears so, and costs nothing afterwards."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from api.server.worker import KEEP_ALIVE_S
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server
from tests.support.waiting import within

LENGTH = 20 * 2**20
HEAD = (
    "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    f"Content-Type: multipart/form-data; boundary=form\r\nContent-Length: {LENGTH}\r\n\r\n"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_LIMITS": "off", "HOMEROOM_USER_QUOTA_MB": "1"}
    running = Server(tmp_path / "instance", workers=1, settings=settings).start()
    yield running
    running.close()


def connections(server: Server) -> int:
    """Its sockets; what it has open of the database is another matter."""
    (worker,) = server.worker_pids()
    count = 0
    for descriptor in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed just now
            count += descriptor.readlink().name.startswith("socket:")
    return count


def answer_to(server: Server, token: str | None) -> int:
    """Of a client that sends everything before it reads."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "multipart/form-data; boundary=x",
    }
    connection.request("POST", "/api/files", bytes(LENGTH), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def no_more_than(count: int, server: Server) -> bool:
    """Well before connections that wait for a request are closed for that alone."""
    return within(KEEP_ALIVE_S / 2, lambda: connections(server) <= count)


def leave_in_the_middle(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(0.5)
        with suppress(OSError):
            client.sendall(HEAD.format(token="wrong").encode() + bytes(LENGTH // 2))


def test_an_upload_that_is_refused_at_once_hears_so_and_leaves_no_connection(
    server: Server,
) -> None:
    ann = first_account(server)
    before = connections(server)
    assert (answer_to(server, "wrong"), answer_to(server, ann.token)) == (401, 409)
    leaving = [threading.Thread(target=leave_in_the_middle, args=[server]) for _ in range(10)]
    for thread in leaving:
        thread.start()
    for thread in leaving:
        thread.join()
    assert no_more_than(before, server)
    assert server.stop() == 0


def test_a_connection_that_was_kept_for_more_requests_ends_with_its_client(server: Server) -> None:
    before = connections(server)
    for _ in range(10):
        assert HttpClient(server).ask("GET", "/health")[0] == 200
    assert no_more_than(before, server)
