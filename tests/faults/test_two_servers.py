"""Two servers on the same data, as for a moment during an update."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http_client import first_account
from tests.support.server import Server

HEAD = b'--form\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
END = b"\r\n--form--\r\n"
CONTENT = b"x" * 100_000
AT_ONCE = 3
REQUEST = (
    "POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    "Content-Type: multipart/form-data; boundary=form\r\n"
    f"Content-Length: {len(HEAD + CONTENT + END)}\r\n\r\n"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=1)
    yield server.start()
    server.close()


@pytest.fixture
def second(server: Server) -> Iterator[Server]:
    second = Server(server.instance, workers=2)
    yield second
    second.close()


def upload_half(server: Server, token: str | None) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    client.sendall(REQUEST.format(token=token).encode() + HEAD + CONTENT[:-1])
    return client


def finish_upload(client: socket.socket) -> bytes:
    """The answer."""
    with client:
        client.sendall(CONTENT[-1:] + END)
        return client.recv(65536)


def coming(server: Server) -> list[Path]:
    return list((server.instance / "incoming").glob("*/*"))


def test_uploads_in_flight_are_finished_although_another_server_starts(
    server: Server, second: Server
) -> None:
    ann = first_account(server)
    uploads = [upload_half(server, ann.token) for _ in range(AT_ONCE)]
    second.start()
    uploads += [upload_half(second, ann.token) for _ in range(AT_ONCE)]
    for upload in uploads:
        assert finish_upload(upload).startswith(b"HTTP/1.1 201 ")
    assert coming(server) == []
