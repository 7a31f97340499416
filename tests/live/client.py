"""A live client for tests: it keeps every message, and waits with a deadline."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection, connect

WITHIN_S = 10

Message = dict[str, Any]


def cookie_at(url: str, token: str) -> str:
    """The cookie of a browser that is signed in there."""
    return f"homeroom-{urlsplit(url).port}={token}"


class LiveClient:
    """`async with LiveClient(url, token) as live: await live.hello()`"""

    def __init__(self, url: str, token: str | None = None, **headers: str) -> None:
        """`url` of the server; headers are named with underscores for hyphens."""
        self.url = url.replace("http", "ws", 1) + "/api/live"
        self.token = token
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.messages: list[Message] = []
        self.socket: ClientConnection
        self._changed = asyncio.Condition()
        self._reading: asyncio.Task[None]
        self.is_closed = False

    async def __aenter__(self) -> "LiveClient":
        self.socket = await connect(
            self.url, additional_headers=self.headers, max_size=None, ping_interval=None
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hello(self, live: Message | None = None, **fields: Any) -> Message:
        """Sign in and follow where a list stands; the `welcome`."""
        token = {} if self.token is None else {"token": self.token}
        await self.send(type="hello", id="hello", **token, **(live or {}), **fields)
        welcome = await self.until(lambda message: message["type"] == "welcome")
        for topic in (live or fields).get("topics", {}):
            await self.until(
                lambda message, topic=topic: (
                    message.get("topic") == topic  # type: ignore[misc]
                    and message["type"] in {"subscribed", "reset", "error"}
                )
            )
        return welcome

    async def follow(self, topic: str) -> Message:
        """Sign in and follow a topic from now on; the answer to that."""
        await self.hello()
        return await self.subscribe(topic)

    async def subscribe(self, topic: str, **fields: Any) -> Message:
        """The answer to it."""
        number = len(self.messages)
        await self.send(type="subscribe", id=f"s{number}", topic=topic, **fields)
        return await self.until(lambda message: message.get("id") == f"s{number}")

    async def until(self, wanted: Callable[[Message], bool], within_s: float = WITHIN_S) -> Message:
        """The first message so far, or to come, that is wanted."""
        seen = 0
        async with asyncio.timeout(within_s), self._changed:
            while True:
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                assert not self.is_closed, f"closed: {self.close_code}; {self.messages[-3:]}"
                await self._changed.wait()

    async def more(self, seen: int, within_s: float = 60) -> list[Message]:
        """The messages behind the first `seen`, once there are any."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) > seen or self.is_closed)
        assert len(self.messages) > seen, f"closed: {self.close_code}"
        return self.messages[seen:]

    async def event(self, topic: str, seq: int) -> Message:
        return await self.until(
            lambda m: m["type"] == "event" and m["topic"] == topic and m["seq"] == seq
        )

    def events(self, topic: str) -> list[Message]:
        return [m for m in self.messages if m["type"] == "event" and m["topic"] == topic]

    async def closed(self, within_s: float = WITHIN_S) -> int | None:
        """The code of the close frame, once it is closed."""
        async with asyncio.timeout(within_s):
            await self.socket.wait_closed()
            await asyncio.wait([self._reading])
        return self.close_code

    @property
    def close_code(self) -> int | None:
        return self.socket.close_code

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                messages = json.loads(frame)
                await self._keep(messages if isinstance(messages, list) else [messages])
        except websockets.ConnectionClosed:
            pass
        finally:
            self.is_closed = True
            await self._keep([])

    async def _keep(self, messages: list[Message]) -> None:
        async with self._changed:
            self.messages += messages
            self._changed.notify_all()
