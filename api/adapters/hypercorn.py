"""What Hypercorn and wsproto get wrong for us, put right before a worker serves.

tests/faults/test_hostile_sockets.py sends the bombs and the endless fragments.
"""

from typing import Any

from hypercorn.protocol import h11, ws_stream
from hypercorn.protocol.events import StreamClosed

TRIED_WITH = {"hypercorn": ["0.18"]}


class MessageBuffer(ws_stream.WebsocketBuffer):
    """Takes nothing more after an overflow, where Hypercorn's own buffer goes on collecting."""

    overflown = False

    def extend(self, event: Any) -> None:
        if self.overflown:
            raise ws_stream.FrameTooLargeError
        try:
            super().extend(event)
        except ws_stream.FrameTooLargeError:
            self.overflown = True
            self.clear()
            raise


class DroppingStream(ws_stream.WSStream):
    """Drops a connection whose message is too large, instead of reading on for ever."""

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if getattr(self.buffer, "overflown", False):
            await self.send(StreamClosed(stream_id=self.stream_id))


def patch_hypercorn() -> None:
    # Compression would let 509 KiB become 756 MiB, and costs memory for each connection
    ws_stream.server_extensions_handshake = lambda *_: None  # type: ignore[attr-defined]
    ws_stream.WebsocketBuffer = MessageBuffer  # type: ignore[misc]
    h11.WSStream = DroppingStream  # type: ignore[attr-defined]
