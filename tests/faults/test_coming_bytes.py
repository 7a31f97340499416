"""Bytes that are coming count in all workers together, and are forgotten with a dead one."""

import http.client
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server
from tests.support.waiting import within

HEAD = b'--form\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
END = b"\r\n--form--\r\n"
TRIED, ANNOUNCED, HAVE_ROOM = 10, 300_000, 3  # of a megabyte
WITHIN_S = 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=3, settings={"HOMEROOM_USER_QUOTA_MB": "1"})
    yield server.start()
    server.close()


def begin_upload(who: HttpClient, size: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", who.server.port, timeout=20)
    connection.putrequest("POST", "/api/files")
    connection.putheader("Authorization", f"Bearer {who.token}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=form")
    connection.putheader("Content-Length", str(size))
    connection.endheaders(HEAD)
    return connection


def status_of_upload(who: HttpClient, content: bytes) -> int:
    with closing(begin_upload(who, len(HEAD + content + END))) as connection:
        connection.send(content + END)
        return connection.getresponse().status


def test_the_workers_count_together_what_is_coming_and_forget_what_a_dead_one_had(
    server: Server,
) -> None:
    ann = first_account(server)
    with ExitStack() as held:
        tried = [held.enter_context(closing(begin_upload(ann, ANNOUNCED))) for _ in range(TRIED)]
        refused: list[object] = []
        deadline = time.monotonic() + WITHIN_S
        while len(refused) < TRIED - HAVE_ROOM:
            assert time.monotonic() < deadline, "more are coming than there is room for"
            refused, _, _ = select.select([one.sock for one in tried], [], [], 0.05)
        statuses = [one.getresponse().status for one in tried if one.sock in refused]
        assert statuses == [409] * (TRIED - HAVE_ROOM)
        assert status_of_upload(ann, b"x" * ANNOUNCED) == 409
        for worker in server.worker_pids():
            os.kill(worker, signal.SIGKILL)
    is_free = within(WITHIN_S, lambda: status_of_next_upload(ann) == 201)
    assert is_free, "the bytes of dead workers still count"


def status_of_next_upload(who: HttpClient) -> int | None:
    """None when there is nobody to answer yet."""
    try:
        return status_of_upload(who, b"x" * 900_000)
    except (OSError, http.client.HTTPException):
        return None
