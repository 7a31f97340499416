"""Sockets that mean harm cost a connection: no memory, and nobody else's time."""

import base64
import json
import os
import re
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.server.worker import GRACE_S
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server

A_MB = 2**20
BOMB_MB = 256
SENT_WITHIN_S = 60
FINAL, COMPRESSED, TEXT, CONTINUED, CLOSE = 0x80, 0x40, 0x1, 0x0, 0x8
MASKED_BY_ZEROS = 0x80
EMPTY_SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + EMPTY_SETTINGS
UPGRADE_TO_HTTP_2 = (
    b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: \r\n\r\n"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "instance", workers=1, settings={"HOMEROOM_LIMITS": "off"}).start()
    yield running
    running.stop()


class RawSocket:
    """WebSocket frames as they were never meant to be sent."""

    def __init__(self, server: Server, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=1)
        key = base64.b64encode(os.urandom(16)).decode()
        head = {
            "Host": "x", "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "permessage-deflate",
        }  # fmt: skip
        lines = [
            "GET /api/live HTTP/1.1",
            *(f"{name}: {value}" for name, value in head.items()),
            "",
            "",
        ]
        self.socket.sendall("\r\n".join(lines).encode())
        self.answer = self.socket.recv(4096).lower()
        self.send(FINAL | TEXT, json.dumps({"type": "hello", "token": token}).encode())
        assert b"welcome" in self.socket.recv(4096)

    def send(self, first_byte: int, payload: bytes) -> None:
        if len(payload) < 126:
            head = struct.pack(">BB", first_byte, MASKED_BY_ZEROS | len(payload))
        else:
            head = struct.pack(">BBQ", first_byte, MASKED_BY_ZEROS | 127, len(payload))
        self.socket.sendall(head + bytes(4) + payload)

    def is_dropped(self) -> bool:
        """Within a second; what comes until then is not looked at."""
        try:
            while data := self.socket.recv(65536):
                if data[0] == FINAL | CLOSE:
                    return True
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@pytest.fixture
def hostile(server: Server) -> Iterator[RawSocket]:
    opened = RawSocket(server, first_account(server).token or "")
    yield opened
    opened.socket.close()


def peak(server: Server) -> int:
    """Most bytes that the worker has ever had at once."""
    (pid,) = server.worker_pids()
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def other_requests_are_answered(server: Server) -> bool:
    return HttpClient(server).ask("GET", "/health")[0] == 200


def test_a_bomb_is_never_unpacked(server: Server, hostile: RawSocket) -> None:
    assert b"101" in hostile.answer
    assert b"permessage-deflate" not in hostile.answer
    packer = zlib.compressobj(wbits=-15)
    zeros = bytes(A_MB)
    bomb = b"".join(packer.compress(zeros) for _ in range(BOMB_MB)) + packer.flush()
    before = peak(server)
    hostile.send(FINAL | COMPRESSED | TEXT, bomb)
    assert hostile.is_dropped()
    assert peak(server) - before < 8 * A_MB
    assert other_requests_are_answered(server)


def test_a_message_without_an_end_is_dropped(server: Server, hostile: RawSocket) -> None:
    before = peak(server)
    hostile.send(TEXT, b"x" * 1000)
    sent = 0
    with pytest.raises(OSError, match=r"reset|pipe|timed out"):
        while sent < 200 * A_MB:
            hostile.send(CONTINUED, b"x" * 60_000)
            sent += 60_000
    assert peak(server) - before < 16 * A_MB
    assert other_requests_are_answered(server)


def ask_until_nobody_listens(hostile: RawSocket) -> None:
    question = json.dumps({"type": "subscribe", "topic": "group:999"}).encode()
    deadline = time.monotonic() + SENT_WITHIN_S
    with pytest.raises(TimeoutError):
        while time.monotonic() < deadline:
            hostile.send(FINAL | TEXT, question)


def test_who_asks_and_never_reads_the_answers_is_not_listened_to(
    server: Server, hostile: RawSocket
) -> None:
    before = peak(server)
    ask_until_nobody_listens(hostile)
    assert peak(server) - before < 32 * A_MB
    assert other_requests_are_answered(server)


def test_a_stop_does_not_wait_for_who_never_read_and_has_left(
    server: Server, hostile: RawSocket
) -> None:
    ask_until_nobody_listens(hostile)
    hostile.socket.close()
    stopping = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - stopping < GRACE_S / 2


def test_nobody_speaks_http_2_where_no_socket_would_be_bounded(server: Server) -> None:
    assert answer_to(server, HTTP_2).startswith(b"HTTP/1.1 505 ")
    assert answer_to(server, UPGRADE_TO_HTTP_2).startswith(b"HTTP/1.1 200 ")
    assert other_requests_are_answered(server)


def answer_to(server: Server, sent: bytes) -> bytes:
    """All that comes until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(sent)
        return b"".join(iter(lambda: client.recv(65536), b""))
