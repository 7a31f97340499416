"""A reader of Server-Sent Events that knows nothing but their specification."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

from tests.live.client import Message

WITHIN_S = 10


class Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status, self.headers = 0, dict[str, str]()
        self.messages: list[Message] = []
        self.last_id = ""
        self.is_over = False

    async def head(self) -> "Stream":
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        self.headers = {name.lower(): value for name, value in pairs}
        return self

    async def until(self, kind: str, **fields: Any) -> Message:
        return await self._first({kind}, fields)

    async def answer(self, topic: str) -> Message:
        """Whether it is followed."""
        return await self._first({"subscribed", "error"}, {"topic": topic})

    async def _first(self, kinds: set[str], fields: Message) -> Message:
        seen = 0
        async with asyncio.timeout(WITHIN_S):
            while True:
                for message in self.messages[seen:]:
                    if message["type"] in kinds and fields.items() <= message.items():
                        return message
                seen = len(self.messages)
                await self._read()

    async def ended(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not self.is_over:
                await self._read()

    async def _read(self) -> None:
        """One chunk of the body: one message or several in an array."""
        size = int(await self.reader.readline(), 16)
        chunk = (await self.reader.readexactly(size + 2)).decode()
        for line in chunk.splitlines():
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            if name == "data":
                found = json.loads(value)
                self.messages += found if isinstance(found, list) else [found]
        self.is_over = size == 0


@asynccontextmanager
async def streaming(
    url: str, *topics: str, query: str = "", **headers: str
) -> AsyncIterator[Stream]:
    """`headers` are named with underscores for hyphens."""
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = urlencode([("topic", topic) for topic in topics]) + query
    named = {"Host": f"127.0.0.1:{port}", "Accept": "text/event-stream"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET /api/live?{asked} HTTP/1.1", *(f"{n}: {v}" for n, v in named.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        yield await Stream(reader, writer).head()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
