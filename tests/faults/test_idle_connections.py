"""A connection that asks for nothing is closed: in a while, or at once when the server stops."""

import asyncio
from typing import Any

from tests.support.serving import serving

ASK = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
SOON_S = 0.2
AT_ONCE_S = 3


class Waiting:
    """An application that answers `/slow` when it is told to, and everything else at once."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await self.go_on.wait()
        length = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"ok"})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def come(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def answer(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"ok"), AT_ONCE_S)

    async def ask(self, path: bytes) -> bytes:
        self.writer.write(ASK % path)
        return await self.answer()

    async def is_closed(self) -> bool:
        closed = await asyncio.wait_for(self.reader.read(), AT_ONCE_S) == b""
        self.writer.close()
        return closed


async def test_who_asks_nothing_or_half_or_nothing_more_is_closed_and_who_waits_is_not() -> None:
    app = Waiting()
    async with serving(app, keep_alive_timeout=SOON_S) as port:
        silent, half, finished, slow = [await Client.come(port) for _ in range(4)]
        slow.writer.write(ASK % b"slow")
        half.writer.write(ASK[:-2])
        assert b" 200 " in await finished.ask(b"")
        for client in (silent, half, finished):
            assert await client.is_closed()
        assert await (await Client.come(port)).is_closed()
        app.go_on.set()
        assert b" 200 " in await slow.answer()
        assert await slow.is_closed()


async def test_a_server_that_stops_waits_for_answers_and_for_nobody_who_asks_nothing() -> None:
    app = Waiting()
    async with serving(app, keep_alive_timeout=10 * AT_ONCE_S) as port:
        silent, finished, slow = [await Client.come(port) for _ in range(3)]
        slow.writer.write(ASK % b"slow")
        assert b" 200 " in await finished.ask(b"")
        stopping = asyncio.create_task(anything_until_closed(silent, finished, then=app.go_on))
    assert await stopping
    assert b" 200 " in await slow.answer()
    assert await slow.is_closed()


async def anything_until_closed(*clients: Client, then: asyncio.Event) -> bool:
    closed = [await client.is_closed() for client in clients]
    then.set()
    return all(closed)
