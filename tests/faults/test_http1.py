"""A connection is a conversation: one request after the other, answers that say where they end."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from api.server.supervisor import TCP_OPTIONS
from tests.support.raw_http import ANSWERED_WITHIN_S, answers_to, statuses
from tests.support.serving import serving

START, PART = "http.response.start", "http.response.body"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LENGTH_5 = [(b"content-length", b"5")]


def ask(path: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *fields, "", ""]).encode()


HANDSHAKE = ask(
    "/live",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Answers:
    """An application that answers each path as it was told, and keeps what it was asked.

    It takes the whole body first, but that of `/early`; at None in an answer it waits.
    """

    def __init__(self, **answers: list[dict[str, Any] | None]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.taken_bytes = 0
        self.go_on = asyncio.Event()
        self.has_left, self.has_answered = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].strip("/")
        self.asked.append(name)
        if name == "held":
            await self.go_on.wait()
        more = name != "early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.has_left.set()
                return
            self.taken_bytes += len(message["body"])
            more = message["more_body"]
        length = str(len(name)).encode()
        default: list[dict[str, Any] | None] = [
            start(200, (b"content-length", length)),
            part(name.encode()),
        ]
        for message in self.answers.get(name, default):
            await (send(message) if message else self.go_on.wait())
        self.has_answered.set()


def start(status: int = 200, *fields: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": START, "status": status, "headers": fields}


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": PART, "body": body, "more_body": more}


@asynccontextmanager
async def talking(app: Answers) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()


async def until(reader: asyncio.StreamReader, mark: bytes) -> bytes:
    return await asyncio.wait_for(reader.readuntil(mark), ANSWERED_WITHIN_S)


async def answer_to(app: Answers, sent: bytes) -> tuple[str, bytes]:
    """The head, without its date, and what comes until the server hangs up."""
    async with serving(app) as port:
        head, _, rest = (await answers_to(port, sent)).partition(b"\r\n\r\n")
    return re.sub(r"\r\ndate: \w{3}, [^\r]+ GMT", "", head.decode()), rest


async def test_requests_that_come_at_once_are_answered_in_their_order() -> None:
    app = Answers()
    posted = ask("/first", "Content-Length: 5", method="POST") + b"hello"
    chunks = ask("/chunks", "Transfer-Encoding: chunked", method="POST") + b"1\r\na\r\n0\r\n\r\n"
    async with serving(app) as port:
        answer = await answers_to(port, posted + chunks + ask("/third") + LAST + ask("/never"))
    assert statuses(answer) == [200] * 4
    assert re.findall(rb"\r\n\r\n([a-z]+?)(?:HTTP|$)", answer) == [
        b"first",
        b"chunks",
        b"third",
        b"last",
    ]
    assert app.asked == ["first", "chunks", "third", "last"]


async def test_the_next_request_waits_for_the_answer_before_it() -> None:
    app = Answers()
    async with serving(app) as port:
        both = asyncio.create_task(answers_to(port, ask("/held") + LAST))
        while app.asked != ["held"]:
            await asyncio.sleep(0)
        assert statuses(await answers_to(port, ask("/other", "Connection: close"))) == [200]
        assert app.asked == ["held", "other"]
        app.go_on.set()
        assert statuses(await both) == [200, 200]
    assert app.asked == ["held", "other", "last"]


@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked"])
async def test_a_body_that_was_not_wanted_is_never_taken_for_a_request(framing: str) -> None:
    app = Answers()
    async with talking(app) as (reader, writer):
        writer.write(ask("/early", framing, method="POST"))
        assert b"connection: close\r\n" in await until(reader, b"early")
        writer.write(LAST)
        assert await asyncio.wait_for(reader.read(), ANSWERED_WITHIN_S) == b""
    assert app.asked == ["early"]


async def test_a_connection_is_kept_until_somebody_says_close() -> None:
    async with talking(Answers()) as (reader, writer):
        for _ in range(3):
            writer.write(ask("/again"))
            assert b"close" not in await until(reader, b"again")
        writer.write(ask("/close", "Connection: keep-alive, Close"))
        assert b"connection: close\r\n" in await until(reader, b"\r\nclose")
        assert await reader.read() == b""


async def test_who_is_refused_a_websocket_hears_that_the_connection_ends() -> None:
    async def refuse(_: Any, receive: Any, send: Any) -> None:
        await receive()
        refusal = {**start(404, (b"content-length", b"2")), "type": f"websocket.{START}"}
        await send(refusal)
        await send({**part(b"no"), "type": f"websocket.{PART}"})

    async with serving(refuse) as port:
        answer = await answers_to(port, HANDSHAKE)
    assert statuses(answer) == [404]
    assert b"connection: close\r\n" in answer


async def test_whoever_is_answered_while_the_server_stops_hears_it() -> None:
    app = Answers()

    async def go_on_once_nobody_is_let_in() -> None:
        with suppress(OSError):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
        app.go_on.set()

    async with serving(app) as port:
        asking = asyncio.create_task(answers_to(port, ask("/held")))
        while app.asked != ["held"]:
            await asyncio.sleep(0)
        going_on = asyncio.create_task(go_on_once_nobody_is_let_in())
    await going_on
    assert b"connection: close\r\n" in await asking


async def test_nothing_comes_after_an_answer_that_says_close() -> None:
    app = Answers(
        bye=[start(200, (b"content-length", b"3"), (b"connection", b"close")), part(b"bye")]
    )
    head, body = await answer_to(app, ask("/bye") + LAST)
    assert head == "HTTP/1.1 200 \r\ncontent-length: 3\r\nconnection: close"
    assert body == b"bye"
    assert app.asked == ["bye"]


async def test_the_bytes_of_an_answer_are_these() -> None:
    head, body = await answer_to(Answers(), LAST)
    assert head == "HTTP/1.1 200 \r\ncontent-length: 4\r\nconnection: close"
    assert body == b"last"


async def test_an_answer_of_unknown_length_comes_in_chunks_and_at_once() -> None:
    app = Answers(last=[start(), part(b"one", more=True), part(b"", more=True), part(b"two")])
    head, body = await answer_to(app, LAST)
    assert head == "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\nconnection: close"
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    head, body = await answer_to(app, ask("/last", version="1.0"))
    assert (head, body) == ("HTTP/1.1 200 \r\nconnection: close", b"onetwo")


async def test_the_head_of_a_stream_comes_before_anything_else_is_there() -> None:
    app = Answers(stream=[start(), None, part(b"late")])
    async with talking(app) as (reader, writer):
        writer.write(ask("/stream"))
        assert b"chunked" in await until(reader, b"\r\n\r\n")
        app.go_on.set()
        assert await until(reader, b"0\r\n\r\n") == b"4\r\nlate\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("HEAD", 200, b"5"), ("HEAD", 200, None), ("GET", 204, None), ("GET", 304, b"5")],
)
async def test_an_answer_without_a_body_has_none(
    method: str, status: int, length: bytes | None
) -> None:
    given = [(b"content-length", length)] if length else []
    app = Answers(bare=[start(status, *given), part(b"hello")])
    async with serving(app) as port:
        answer = await answers_to(port, ask("/bare", method=method) * 2 + LAST)
    assert statuses(answer) == [status, status, 200]
    assert b"hello" not in answer
    assert b"chunked" not in answer


@pytest.mark.parametrize(
    "field",
    [(b"a", b"b\r\nset-cookie: c"), (b"a", b"b\0"), (b"a b", b"c"), (b"a:", b""), (b"", b"")],
)
async def test_no_field_of_an_answer_smuggles_another(field: tuple[bytes, bytes]) -> None:
    head, _ = await answer_to(Answers(last=[start(200, field), part(b"hello")]), LAST)
    assert head == "HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close"


@pytest.mark.parametrize("body", [b"hell", b"hello!"])
async def test_an_answer_of_another_length_than_it_says_ends_the_connection(body: bytes) -> None:
    app = Answers(wrong=[start(200, *LENGTH_5), part(body)])
    async with serving(app) as port:
        answer = await answers_to(port, ask("/wrong") + LAST)
    assert b"!" not in answer
    assert statuses(answer) in ([], [200])
    assert app.asked == ["wrong"]


async def test_who_expects_to_be_asked_for_the_body_is_asked() -> None:
    async with talking(Answers()) as (reader, writer):
        writer.write(ask("/asked", "Expect: 100-Continue", "Content-Length: 5", method="POST"))
        assert await until(reader, b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(b"hello")
        assert (await until(reader, b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    for asks in (
        ask("/body", "Expect: 100-continue", method="POST", version="1.0"),
        ask("/body", "Expect: 100-continue", "Connection: close"),
    ):
        head, body = await answer_to(Answers(), asks)
        assert (head[:12], body) == ("HTTP/1.1 200", b"body")


async def test_who_sends_all_and_listens_still_gets_the_answer() -> None:
    async with serving(Answers()) as port:
        answer = await answers_to(port, ask("/half"), is_half_closed=True)
    assert statuses(answer) == [200]


async def test_an_application_hears_that_its_client_left() -> None:
    app = Answers()
    async with talking(app) as (_, writer):
        writer.write(ask("/left", "Content-Length: 5", method="POST") + b"hell")
        while not app.asked:
            await asyncio.sleep(0)
        writer.close()
        await asyncio.wait_for(app.has_left.wait(), ANSWERED_WITHIN_S)


async def test_who_leaves_an_answer_with_more_to_ask_is_forgotten() -> None:
    parts = [part(b"x" * 65_536, more=True)] * 100
    app = Answers(stream=[start(), None, *parts])
    async with talking(app) as (reader, writer):
        writer.write(ask("/stream") + LAST)
        await until(reader, b"\r\n\r\n")
        writer.transport.abort()
        app.go_on.set()
    assert app.asked == ["stream"]  # and the server has stopped in time


async def test_who_goes_away_without_a_word_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(TCP_OPTIONS, "TCP_USER_TIMEOUT", 100)  # ms, instead of 20 seconds
    app = Answers(stream=[start(), *[part(b"x" * 65_536, more=True)] * 100])
    async with talking(app) as (reader, writer):
        writer.write(ask("/stream"))
        await until(reader, b"\r\n\r\n")
        cast(asyncio.Transport, writer.transport).pause_reading()
        await asyncio.wait_for(app.has_answered.wait(), 10)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_whose_websocket_speaks_before_it_is_accepted_is_gone() -> None:
    heard: list[str] = []

    async def accept(_: Any, receive: Any, send: Any) -> None:
        heard.append((await receive())["type"])
        await send({"type": "websocket.accept"})
        heard.append((await receive())["type"])

    async with serving(accept) as port:
        answer = await answers_to(port, HANDSHAKE + b"\x81\x80\0\0\0\0")
    assert statuses(answer) == [400]
    assert heard == ["websocket.connect", "websocket.disconnect"]


@pytest.mark.parametrize(
    ("head", "framed"),
    [
        ("Content-Length: 40000000", lambda data: data),
        ("Transfer-Encoding: chunked", lambda data: b"%x\r\n%b\r\n" % (len(data), data)),
    ],
)
async def test_a_body_that_nobody_takes_waits_at_the_client(
    head: str, framed: Callable[[bytes], bytes]
) -> None:
    app, sent = Answers(), 0
    async with talking(app) as (reader, writer):
        writer.write(ask("/held", head, method="POST"))
        with pytest.raises(TimeoutError):
            while sent < 40_000_000:
                writer.write(framed(bytes(100_000)))
                sent += 100_000
                await asyncio.wait_for(writer.drain(), 0.5)
        assert app.taken_bytes == 0
        app.go_on.set()
        await asyncio.wait_for(writer.drain(), ANSWERED_WITHIN_S)
        assert not reader.at_eof()
