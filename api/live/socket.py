"""`GET /api/live` as a WebSocket: one task reads commands in order, another one writes."""

import asyncio
import logging
from typing import cast

from quart import Blueprint, websocket

from api.adapters.frame_stream import FrameStream, current_stream
from api.adapters.quart import BareWebsocket, current_websocket
from api.context import services, shielded
from api.live.commands import carry_out
from api.live.connection import TRY_AGAIN_AFTER_S, Connection
from api.live.protocol import ClientMessage, Close, Error, NotTheProtocol, Signal, parse
from api.middleware.cookies import cookie_of
from api.middleware.cors import is_allowed
from api.token_bucket import TokenBucket
from model.errors import TryAgain

log = logging.getLogger(__name__)

MAX_OUTBOX = 200  # answers that wait; then no more commands are read
ANSWER_CLOSE_WITHIN_S = 1

live = Blueprint("live", __name__)


@live.websocket("/live")
async def follow() -> None:
    """The cookie counts only with an allowed Origin; a token in `hello` counts from anywhere."""
    running = services()
    origin, cookie = websocket.headers.get("Origin"), cookie_of(websocket)
    foreign = cookie is not None and not (origin and is_allowed(origin, websocket))
    asked, stream = current_websocket(), current_stream.get()
    await websocket.accept()
    connection = Connection(running, cookie, is_foreign=foreign, push=stream.push)
    with running.serving(connection):
        try:
            await Socket(asked, stream, connection).run()
        except Exception:
            log.exception("a live connection failed", extra={"connection": connection.name})
            await asked.close(Close.BUG)


class Socket:
    def __init__(
        self, websocket: BareWebsocket, stream: FrameStream, connection: Connection
    ) -> None:
        self.websocket, self.stream, self.connection = websocket, stream, connection
        self.limits = connection.services.settings
        self._commands, self._signals = TokenBucket(), TokenBucket()

    async def run(self) -> None:
        reader, writer = asyncio.create_task(self._read()), asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({reader}, timeout=ANSWER_CLOSE_WITHIN_S)
        finally:
            for task in (reader, writer):
                task.cancel()
            await asyncio.wait({reader, writer})
        for task in (reader, writer):
            if not task.cancelled():
                task.result()

    async def _write(self) -> None:
        async for frame in self.connection.frames():
            await self.stream.send_frame(frame.encoded)
        await self.websocket.close(cast(Close, self.connection.code))

    async def _read(self) -> None:
        while (data := await self.websocket.next_message()) is not None:
            self.connection.clock.heard()
            await shielded(self._hear(data))
            while len(self.connection.outbox) > MAX_OUTBOX and self.connection.code is None:
                await self.connection.drained()

    async def _hear(self, data: str | bytes) -> None:
        connection = self.connection
        if connection.code is not None:
            return None
        try:
            message = parse(data)
        except NotTheProtocol as fault:
            return connection.close(fault.close, fault.code, fault.detail)
        is_dropped = isinstance(message, Signal) and not self._may_signal()
        is_counted = is_dropped or not isinstance(message, Signal)
        if is_counted and self._is_flooding():
            connection.close(Close.TOO_MANY, "too_many", "Too many messages.")
        elif isinstance(message, Error):
            connection.put(message)
        elif not is_dropped:
            await self._obey(message)
        return None

    async def _obey(self, message: ClientMessage) -> None:
        try:
            await carry_out(message, self.connection)
        except TryAgain:
            self.connection.close(Close.RESTART, retry_after=TRY_AGAIN_AFTER_S)

    def _may_signal(self) -> bool:
        """Whether a signal is within the limit; others are dropped and count as commands."""
        burst, per_s = self.limits.live_signals_burst, self.limits.live_signals_per_s
        return not self.limits.is_limited or self._signals.wait_s(burst, per_s) == 0

    def _is_flooding(self) -> bool:
        burst, per_s = self.limits.live_commands_burst, self.limits.live_commands_per_s
        return self.limits.is_limited and self._commands.wait_s(burst, per_s) > 0
