"""Workers and servers that are killed while files come: no half file, none without its row."""

import hashlib
import os
import queue
import random
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server

UPLOADERS, KILLS, SERVER_KILLS = 4, 12, 3
BURST = 8  # files for each kill, so that the work is the same on every disk
MAX_BYTES = 2_000_000
ENDED_WITHIN_S = 60
HEAD = b'Content-Disposition: form-data; name="file"; filename="x"'
FORM = b"--form\r\n%b\r\n\r\n%b\r\n--form--\r\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_LIMITS": "off", "HOMEROOM_USER_QUOTA_MB": "100000"}
    server = Server(tmp_path / "instance", workers=3, settings=settings)
    yield server.start()
    server.close()


class Uploaders:
    """Each burst they upload so many files, now and then what somebody else uploads just then."""

    def __init__(self, caller: HttpClient) -> None:
        self.caller = caller
        self.acknowledged: dict[int, str] = {}
        self.failed = self.tried = 0
        self._wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._has_ended = threading.Condition()
        self._threads = [threading.Thread(target=self._upload) for _ in range(UPLOADERS)]

    def __enter__(self) -> "Uploaders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._wanted.put(False)
        for thread in self._threads:
            thread.join()

    def begin(self, files: int, *, until: int) -> None:
        """Upload so many; come back when the first `until` of them have ended, well or not."""
        with self._has_ended:
            ended = self.tried + until
        for _ in range(files):
            self._wanted.put(True)
        with self._has_ended:
            assert self._has_ended.wait_for(lambda: self.tried >= ended, ENDED_WITHIN_S)

    def _upload(self) -> None:
        while self._wanted.get():
            shared = random.random() < 0.3
            content = b"the same" if shared else random.randbytes(random.randrange(1, MAX_BYTES))
            try:
                file_id = self._send(content)
            except (OSError, HTTPException):
                self.failed += 1
            else:
                self.acknowledged[file_id] = hashlib.sha256(content).hexdigest()
            with self._has_ended:
                self.tried += 1
                self._has_ended.notify_all()

    def _send(self, content: bytes) -> int:
        connection = HTTPConnection("127.0.0.1", self.caller.server.port, timeout=10)
        with closing(connection):
            headers = {
                "Authorization": f"Bearer {self.caller.token}",
                "Content-Type": "multipart/form-data; boundary=form",
            }
            connection.request("POST", "/api/files", FORM % (HEAD, content), headers)
            answer = connection.getresponse()
            body = answer.read()
        if answer.status == 503:
            raise HTTPException("busy")
        assert answer.status == 201, body
        return int(body.partition(b'"id":')[2].partition(b",")[0])


def rows(server: Server, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(server.instance / "app.db")) as database:
        return database.execute(statement).fetchall()


def kept(server: Server) -> dict[str, str]:
    """What lies in the folder: its place, and the digest of what is in it."""
    folder = server.instance / "files"
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def assert_whole(server: Server) -> None:
    """Also while files come: what is needed is read before what is there, what is known after."""
    needed = rows(server, "SELECT blobs.sha256 FROM files JOIN blobs ON blobs.id = blob_id")
    found = kept(server)
    known = {
        f"{str(sha256)[:2]}/{str(sha256)[2:]}-{blob_id}": sha256
        for blob_id, sha256 in rows(server, "SELECT id, sha256 FROM blobs")
    }
    assert {sha256 for (sha256,) in needed} <= set(found.values()), "a row without its file"
    assert found.items() <= known.items(), "a file without its row, or half of one"


def test_whatever_is_killed_no_file_is_half_or_lost_or_without_its_row(server: Server) -> None:
    ann = first_account(server)
    with Uploaders(ann) as uploaders:
        for _ in range(KILLS):
            uploaders.begin(BURST, until=random.randrange(BURST - UPLOADERS))
            with suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(server.worker_pids()), signal.SIGKILL)
            assert_whole(server)
        for _ in range(SERVER_KILLS):
            uploaders.begin(BURST, until=random.randrange(BURST - UPLOADERS))
            server.kill()
            assert_whole(server)
            server.start()
    assert uploaders.failed, "somebody was cut off"
    assert len(uploaders.acknowledged) > 20
    assert_whole(server)
    for file_id, sha256 in uploaders.acknowledged.items():
        connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
        with closing(connection):
            headers = {"Authorization": f"Bearer {ann.token}"}
            connection.request("GET", f"/api/files/{file_id}", headers=headers)
            answer = connection.getresponse()
            assert (answer.status, hashlib.sha256(answer.read()).hexdigest()) == (200, sha256)
    assert server.stop() == 0
    left = list((server.instance / "incoming").glob("*/*"))
    assert left == [], "half files are cleared away when their worker is replaced"
