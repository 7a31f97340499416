"""What comes as a file: whatever is wrong with it gets one clear answer and leaves nothing."""

import asyncio
import http.client
import json
import resource
import select
import time
from collections.abc import Callable
from typing import Any

import pytest

from api.context import Services
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import Person
from tests.support.stores import ON_EVERY_STORE, kept

pytestmark = ON_EVERY_STORE

HEAD = b'--form\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
END = b"\r\n--form--\r\n"
TOO_LARGE = "content_too_large"
OTHER_FIELD = b'--form\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n'


async def left(services: Services) -> list[str]:
    """Whatever is kept, or was coming."""
    coming = [file.name for file in services.incoming.rglob("*") if file.is_file()]
    return [*await kept(services.store), *coming]


WRONG_FORMS = [
    (b"", {"body"}),
    (b"nonsense", {"body"}),
    (b"--form--\r\n", {"file"}),
    (HEAD, {"body"}),
    (HEAD + b"half of it", {"body"}),
    (HEAD + END, {"file"}),
    (HEAD.replace(b'name="file"', b'name="other"') + b"x" + END, {"file", "other"}),
    (HEAD.replace(b'; name="file"', b"") + b"x" + END, {"file", "body"}),
    (HEAD.replace(b'; filename="x"', b"") + b"x" + END, {"file"}),
    (HEAD.replace(b"Content-Disposition", b"Content-Nonsense") + b"x" + END, {"body"}),
    (HEAD.replace(b'"x"', b'"\xff\xfe"') + b"x" + END, {"body"}),
    (HEAD + b"x\r\n" + HEAD + b"y" + END, {"file"}),
    (OTHER_FIELD + HEAD + b"x" + END, {"title"}),
    (HEAD + b"x\r\n" + OTHER_FIELD + b"--form--\r\n", {"title"}),
    (OTHER_FIELD + b"--form--\r\n", {"title", "file"}),
]


async def test_a_form_that_is_not_one_file_is_refused_and_leaves_nothing(
    people: Cast, services: Services
) -> None:
    for form, fields in WRONG_FORMS:
        answer = await people.bob.send_form(form)
        assert problem(answer, 400, "invalid")["fields"].keys() == fields
        assert await left(services) == []


OTHER_TYPES = [
    ("application/json", 415),
    ("application/x-www-form-urlencoded", 415),
    ("image/png", 415),
    ("", 415),
    ("multipart/form-data", 400),
    ("multipart/form-data; boundary=", 400),
    ("multipart/form-data; boundary=ä", 400),
]


async def test_a_body_of_another_type_is_refused(people: Cast) -> None:
    for content_type, status in OTHER_TYPES:
        code = {400: "invalid", 415: "unsupported_media_type"}[status]
        answer = await people.bob.send_form(HEAD + b"x" + END, Content_Type=content_type)
        problem(answer, status, code)


async def test_the_head_of_a_part_is_not_longer_than_16_kib(people: Cast) -> None:
    """Its parameters are read on the event loop, and a million of them take seconds."""
    head = HEAD.removesuffix(b"\r\n")
    for part, chars, status in ((0, 15_000, 201), (0, 17_000, 400), (1, 17_000, 400)):
        padded = head + b"X-More: " + b"a=b;" * (chars // 4) + b"\r\n\r\nx"
        answer = await people.bob.send_form((HEAD + b"x\r\n") * part + padded + END)
        assert answer.status == status, (part, chars, answer)
        if status != 201:
            assert problem(answer, status, "invalid")["fields"].keys() == {"body"}


async def test_what_divides_the_parts_has_at_most_70_characters(people: Cast) -> None:
    for chars, status in ((70, 201), (71, 400)):
        boundary = "f" * chars
        form = (HEAD + b"x" + END).replace(b"--form", f"--{boundary}".encode())
        given = f"multipart/form-data; boundary={boundary}"
        assert (await people.bob.send_form(form, Content_Type=given)).status == status


NAMES = [
    ("a.txt", "a.txt"),
    ("../../etc/passwd", "passwd"),
    ("/etc/passwd", "passwd"),
    ("C:\\\\Users\\\\ann\\\\notes.txt", "notes.txt"),
    ("  spaces .txt ", "spaces .txt"),
    ("é🙂.txt", "é🙂.txt"),
    ("x" * 255, "x" * 255),
    ("<b>.html", "<b>.html"),
    ("photo\u202egpj.exe", "photogpj.exe"),
    ("\u2067a\tb\u200f\u0085c\x7f\u2069.pdf ", "a b c.pdf"),
]


async def test_a_name_is_kept_without_its_folders(people: Cast) -> None:
    for given, name in NAMES:
        file = await people.bob.upload(b"x", given)
        assert file["name"] == name
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}")
        assert (answer.status, answer.body) == (200, b"x")


WRONG_NAMES = [
    "",
    " ",
    ".",
    "..",
    "a/",
    "x" * 256,
    "x" * 300,
    "\u200b",
    "\u2800\u3164",
    "\u202e..",
]


async def test_a_name_that_cannot_be_shown_is_refused(people: Cast, services: Services) -> None:
    for given in WRONG_NAMES:
        answer = await people.bob.send_file(b"x", given)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"file"}
        assert await left(services) == []


@pytest.mark.parametrize("changed_settings", [{"max_file_mb": 1}])
async def test_a_file_may_have_as_many_bytes_as_the_setting_says(
    people: Cast, services: Services
) -> None:
    await people.bob.upload(bytes(2**20))
    before = await left(services)
    problem(await people.bob.send_file(bytes(2**20 + 1)), 413, TOO_LARGE)
    problem(await people.bob.send_file(bytes(2**22)), 413, TOO_LARGE)
    assert await left(services) == before


async def test_a_disk_that_is_full_is_said_and_nothing_is_left(
    people: Cast, services: Services
) -> None:
    """Here the system lets this process write no file of more than two megabytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 2**20, hard))
    try:
        answer = await people.bob.send_file(bytes(3 * 2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    problem(answer, 507, "storage_full")
    assert await left(services) == []
    await people.bob.upload(bytes(3 * 2**20))


def connect(
    url: str, who: Person, announced: int | None, path: str = "/api/files"
) -> http.client.HTTPConnection:
    """An upload of so many bytes, or of chunks, of which nothing has been sent."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST" if path == "/api/files" else "PUT", path)
    connection.putheader("Authorization", f"Bearer {who.token}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=form")
    if announced is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(announced))
    connection.endheaders()
    return connection


def answered(connection: http.client.HTTPConnection) -> tuple[int, Any]:
    answer = connection.getresponse()
    status, body = answer.status, json.loads(answer.read())
    connection.close()
    return status, body


@pytest.mark.parametrize("changed_settings", [{"max_file_mb": 1}])
async def test_a_client_that_sends_too_much_hears_so(people: Cast, url: str) -> None:
    """Not a broken connection: the server takes the rest and throws it away."""
    form = HEAD + bytes(20 * 2**20) + END

    def send() -> tuple[int, Any]:
        connection = connect(url, people.bob, len(form))
        connection.send(form)
        return answered(connection)

    status, body = await asyncio.to_thread(send)
    assert (status, body["code"]) == (413, TOO_LARGE)


async def test_a_client_that_leaves_halfway_leaves_nothing(
    people: Cast, url: str, services: Services
) -> None:
    def send() -> None:
        connection = connect(url, people.bob, 5 * 2**20)
        connection.send(HEAD + bytes(2**20))
        connection.close()

    await asyncio.to_thread(send)
    async with asyncio.timeout(20):
        while await left(services):
            await asyncio.sleep(0.01)


async def assert_given_up(send: Callable[[], tuple[int, Any]], services: Services) -> None:
    status, body = await asyncio.to_thread(send)
    assert (status, body["code"]) == (408, "request_timeout")
    assert await left(services) == []


async def test_a_client_that_stops_halfway_is_given_up(
    people: Cast, url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.adapters.quart.IDLE_S", 0.2)
    monkeypatch.setattr("api.adapters.quart.THROWN_AWAY_WITHIN_S", 0.2)

    def send() -> tuple[int, Any]:
        connection = connect(url, people.bob, 5 * 2**20)
        connection.send(HEAD + bytes(2**20))
        return answered(connection)

    await assert_given_up(send, services)


def send_steadily(connection: http.client.HTTPConnection, piece: bytes, every_s: float) -> int:
    """The pieces that were sent until the server had something to say."""
    connection.send(HEAD)
    for sent in range(200):
        readable, _, _ = select.select([connection.sock], [], [], every_s)
        if readable:
            return sent
        connection.send(piece)
    return sent


async def test_a_client_that_sends_a_byte_now_and_then_is_given_up(
    people: Cast, url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.adapters.quart.IDLE_S", 0.5)
    monkeypatch.setattr("api.adapters.quart.THROWN_AWAY_WITHIN_S", 0.2)

    def send() -> tuple[int, Any]:
        connection = connect(url, people.bob, 2**20)
        assert send_steadily(connection, b"x", 0.05) < 199
        return answered(connection)

    await assert_given_up(send, services)


async def test_a_client_on_a_slow_line_is_not_given_up(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each piece earns two seconds, and comes after a tenth of one."""
    monkeypatch.setattr("api.adapters.quart.IDLE_S", 1.5)
    monkeypatch.setattr("api.adapters.quart.LEAST_BYTES_PER_S", 1_000)
    pieces, piece = 20, bytes(2_000)

    def send() -> int:
        connection = connect(url, people.bob, len(HEAD) + pieces * len(piece) + len(END))
        connection.send(HEAD)
        for _ in range(pieces):
            time.sleep(0.1)
            connection.send(piece)
        connection.send(END)
        return answered(connection)[0]

    assert await asyncio.to_thread(send) == 201
