"""A server whose files are in a bucket: what is wrong with that is said when it starts."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.context import Services
from model.errors import TryAgain
from model.storage import s3
from model.storage.s3 import ObjectStore
from tests.api.browser import problem
from tests.bench.transfer import download, upload
from tests.support.cast import Cast
from tests.support.http_client import first_account
from tests.support.people import Visitor
from tests.support.pictures import png
from tests.support.server import Server
from tests.support.stores import access, new_bucket, object_store, put_aside

KEYS = {"access_key_id": "tests", "secret_access_key": "secret"}


@pytest.fixture
def bucket_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with new_bucket(monkeypatch) as url:
        yield url


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=3)
    yield server
    server.close()


def told(server: Server) -> str:
    """The one line of a start that fails."""
    with pytest.raises(AssertionError, match="it ended"):
        server.start()
    assert server.process
    assert server.process.returncode == 1
    (line,) = server.log.splitlines()
    return line


def test_a_bucket_that_is_not_there_is_said_at_the_start(server: Server) -> None:
    server.settings = {"HOMEROOM_FILES_URL": "s3://nobodys", **access(object_store())}
    said = told(server)
    assert "HOMEROOM_FILES_URL" in said
    assert "NoSuchBucket" in said


def test_an_object_store_that_does_not_answer_is_said_at_the_start(server: Server) -> None:
    server.settings = {"HOMEROOM_FILES_URL": "s3://class", **access("http://127.0.0.1:1")}
    said = told(server)
    assert "HOMEROOM_FILES_URL" in said
    assert "127.0.0.1:1" in said


def test_a_missing_package_is_said_at_the_start(server: Server, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "obstore.py").write_text("raise ImportError\n")
    server.is_forked, server.settings = False, {"PYTHONPATH": str(missing)}
    server.start().close()
    server.log_file.unlink()
    server.settings["HOMEROOM_FILES_URL"] = "s3://class"
    said = told(server)
    assert "HOMEROOM_FILES_URL: it needs the package `obstore`" in said


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///class", "https://class", "s3://class/../other", "s3://c/a//b", "s3://C"]
)
def test_a_url_that_is_none_is_said_at_the_start(url: str, tmp_path: Path) -> None:
    settings = {"HOMEROOM_FILES_URL": url, "HOMEROOM_INSTANCE": str(tmp_path)}
    started = CliRunner().invoke(cli, ["serve"], env=settings)
    assert started.exit_code == 1
    assert "HOMEROOM_FILES_URL: it must be like s3://bucket/prefix" in started.output


def test_what_one_worker_has_put_is_given_out_by_all_and_nothing_is_kept_here(
    server: Server, bucket_url: str
) -> None:
    server.settings = {"HOMEROOM_FILES_URL": bucket_url}
    ann = first_account(server.start())
    file_id = upload(server, ann, b"x" * 100_000)
    assert len({download(server, ann, file_id) for _ in range(12)}) == 1
    assert not (server.instance / "files").exists()
    assert server.stop() == 0
    server.start()
    assert download(server, ann, file_id)


async def test_a_store_that_is_gone_stops_files_and_nothing_else(
    people: Cast, services: Services, visitor: Visitor
) -> None:
    file = await people.bob.upload(b"x")
    services.store = ObjectStore("s3://class", {"endpoint_url": "http://127.0.0.1:1", **KEYS})
    for answer in (
        await people.bob.send_file(b"y"),
        await people.bob.ask("GET", f"/api/files/{file['id']}"),
        await people.bob.send_file(png(), path="/api/me/avatar", method="PUT"),
    ):
        problem(answer, 503, "try_again")
        assert answer.headers["Retry-After"] == "1"
    await people.bob.post(people.posts, {"text": "Good morning!", "file_ids": [file["id"]]})
    await visitor.get("/ready")


async def test_nobody_waits_for_ever_for_a_store_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(s3, "_PART_WITHIN", "1s")
    monkeypatch.setattr(s3, "_TURN_WITHIN_S", 0.1)
    files = [put_aside(tmp_path, b"x" * s3.S3_PART_BYTES) for _ in range(6)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        store = ObjectStore("s3://class", {"endpoint_url": endpoint, **KEYS})
        async with asyncio.timeout(30):  # each is tried four times
            puts = [store.put(file.name, file) for file in files]
            refused = await asyncio.gather(*puts, store.remove("x"), return_exceptions=True)
    assert {type(refusal) for refusal in refused} == {TryAgain}
