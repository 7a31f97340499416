"""A bucket that refuses, is full, cuts off or does not answer: clear words, never a bug's."""

import random
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.settings import BucketSettings, load_bucket_settings
from model.errors import Refusal, StorageFull, TryAgain
from model.storage.s3 import ObjectStore
from model.storage.store import Unusable
from tests.support.stores import access, kept, new_bucket, put_aside, whole

CONTENT = random.Random(1).randbytes(4 * 2**20)
Answers = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status: int, code: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f"<?xml version='1.0'?>\n<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut_off(self, after: int) -> None:
        start, last = map(int, re.findall(r"\d+", self.headers["Range"]))
        last = min(last, len(CONTENT) - 1)
        self.send_response(206)
        self.send_header("Content-Length", str(last + 1 - start))
        self.send_header("Content-Range", f"bytes {start}-{last}/{len(CONTENT)}")
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT")
        self.end_headers()
        self.wfile.write(CONTENT[start : last + 1][:after])
        self.close_connection = True

    def answer(self) -> None:
        assert isinstance(self.server, Broken)
        self.server.answers(self)

    do_GET = do_HEAD = do_PUT = do_DELETE = answer  # noqa: N815 - as the standard library calls them

    def log_message(self, *_: object) -> None:
        """Not into the output of the tests."""


class Broken(ThreadingHTTPServer):
    answers: Answers


@pytest.fixture
def broken() -> Iterator[Broken]:
    server = Broken(("127.0.0.1", 0), Request)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def bucket_at(url: str, name: str = "s3://class") -> ObjectStore:
    given = access(url)
    return ObjectStore(name, {key.removeprefix("AWS_").lower(): given[key] for key in given})


@pytest.fixture
def bucket(broken: Broken) -> ObjectStore:
    return bucket_at(f"http://127.0.0.1:{broken.server_port}")


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (403, "AccessDenied", TryAgain),
        (401, "Unauthorized", TryAgain),
        (403, "QuotaExceeded", StorageFull),
        (507, "XMinioStorageFull", StorageFull),
        (500, "InternalError", TryAgain),
        (503, "SlowDown", TryAgain),
        (301, "PermanentRedirect", TryAgain),
        (400, "AuthorizationHeaderMalformed", TryAgain),
        (404, "NoSuchBucket", TryAgain),
    ],
)
async def test_a_store_that_takes_nothing_refuses_clearly(
    bucket: ObjectStore,
    broken: Broken,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: str,
    refusal: type[Refusal],
) -> None:
    broken.answers = lambda request: request.say(status, code)
    with pytest.raises(refusal):
        await bucket.put("key", put_aside(tmp_path, b"x"))
    if refusal is TryAgain:
        assert "the object store: " in caplog.text
    with pytest.raises(Unusable, match="HOMEROOM_FILES_URL") as error:
        await bucket.check()
    assert "\n" not in str(error.value)
    assert code in str(error.value) or status == 301


async def test_a_store_that_does_not_answer_is_tried_again_later(tmp_path: Path) -> None:
    bucket = bucket_at("http://127.0.0.1:1")
    with pytest.raises(TryAgain):
        await bucket.put("key", put_aside(tmp_path, b"x"))
    with pytest.raises(TryAgain):
        await whole(bucket, "key")
    with pytest.raises(TryAgain):
        await bucket.remove("key")
    with pytest.raises(Unusable, match=r"127\.0\.0\.1:1"):
        await bucket.check()


async def test_what_is_cut_off_goes_on_where_it_was(bucket: ObjectStore, broken: Broken) -> None:
    asked = []

    def cut(request: Request) -> None:
        asked.append(request.headers["Range"])
        request.cut_off(after=300_000)

    broken.answers = cut
    assert await whole(bucket, "key") == CONTENT
    assert len(asked) == len(set(asked)) > 10


async def test_a_store_that_sends_nothing_of_what_it_has_is_given_up(
    bucket: ObjectStore, broken: Broken
) -> None:
    broken.answers = lambda request: request.cut_off(after=0)
    with pytest.raises(TryAgain):
        await whole(bucket, "key")


async def test_a_bucket_that_can_be_used_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with new_bucket(monkeypatch) as url:
        bucket = ObjectStore(url, BucketSettings().given)
        await bucket.check()
        assert await kept(bucket) == {}


async def test_the_variables_may_stand_in_the_file_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_bucket(monkeypatch) as url:
        named = BucketSettings().given
        for name in named:
            monkeypatch.delenv(f"AWS_{name.upper()}")
        lines = [f"AWS_{name.upper()}={value}\n" for name, value in named.items()]
        (tmp_path / ".env").write_text("".join(lines))
        monkeypatch.setenv("HOMEROOM_ENV_FILE", str(tmp_path / ".env"))
        await ObjectStore(url, load_bucket_settings().given).check()
