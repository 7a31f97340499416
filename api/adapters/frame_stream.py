"""WebSocket frames that are encoded already go to the transport, past Quart, Hypercorn and wsproto.

What those write meanwhile are whole frames too: pongs, and the one that closes. wsproto knows that
it closes before that frame is written, so that nothing of ours comes behind it.
"""

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from hypercorn.protocol.ws_stream import WSStream
from wsproto.connection import ConnectionState

WAIT_ABOVE_BYTES = 64 * 1024  # of what is not yet sent; so do asyncio and uvloop

current_writer: ContextVar[asyncio.StreamWriter] = ContextVar("current_writer")
current_stream: ContextVar["FrameStream"] = ContextVar("current_stream")


class FrameStream(WSStream):
    """The stream of a WebSocket, which its handler finds as `current_stream`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.writer = current_writer.get()
        current_stream.set(self)

    @property
    def is_open(self) -> bool:
        is_lost = self.closed or self.writer.is_closing()
        return not is_lost and self.connection.state is ConnectionState.OPEN

    def push(self, frame: bytes) -> bool:
        """Send a frame if nobody has to wait for it; whether it was sent."""
        transport = self.writer.transport
        if transport.get_write_buffer_size() + len(frame) > WAIT_ABOVE_BYTES or not self.is_open:
            return False
        transport.write(frame)
        return True

    async def send_frame(self, frame: bytes) -> None:
        """Returns when there is room for another one. A WebSocket that closes takes no more."""
        if self.is_open:
            self.writer.write(frame)
            with suppress(OSError):
                await self.writer.drain()
