"""What Hypercorn and wsproto get wrong for us, put right before a worker serves.

tests/faults/test_hostile_sockets.py sends the bombs and the endless fragments.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from h11 import Request
from hypercorn.asyncio import run, task_group, tcp_server
from hypercorn.events import Closed, Event, Updated
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


class HTTP1Only(h11.H11Protocol):
    """Speaks no HTTP/2, where nothing of the above would hold; `Upgrade: h2c` is ignored."""

    def __init__(self, *arguments: Any) -> None:
        *ours, _alpn = arguments
        super().__init__(*ours)

    async def _check_protocol(self, event: Request) -> None:
        pass

    async def _create_stream(self, request: Request) -> None:
        if request.http_version > b"1.1":
            await self._send_error_response(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
            await self.send(Closed())
        else:
            await super()._create_stream(request)


class TaskGroup(task_group.TaskGroup):
    """Throws away what comes for an application that has ended, instead of waiting for ever."""

    async def spawn_app(
        self, app: Any, config: Any, scope: Any, send: Callable[[Any], Awaitable[None]]
    ) -> Callable[[Any], Awaitable[None]]:
        has_ended = False

        async def watched_send(message: Any) -> None:
            nonlocal has_ended
            if message is None:
                has_ended = True
                while not unread.empty():
                    unread.get_nowait()  # and let in whoever waits for room
            await send(message)

        put = await super().spawn_app(app, config, scope, watched_send)
        unread: asyncio.Queue[Any] = put.__self__  # type: ignore[attr-defined] # of the queue

        async def put_unless_ended(message: Any) -> None:
            if not has_ended:
                await put(message)

        return put_unless_ended


class TCPServer(tcp_server.TCPServer):
    """Does not wait for the next request of a client that has left."""

    has_left = False

    async def _read_data(self) -> None:
        await super()._read_data()
        self.has_left = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if not (self.has_left and isinstance(event, Updated)):
            await super().protocol_send(event)


def patch_hypercorn() -> None:
    # Compression would let 509 KiB become 756 MiB, and costs memory for each connection
    ws_stream.server_extensions_handshake = lambda *_: None  # type: ignore[attr-defined]
    ws_stream.WebsocketBuffer = MessageBuffer  # type: ignore[misc]
    h11.WSStream = DroppingStream  # type: ignore[attr-defined]
    run.TCPServer = TCPServer  # type: ignore[attr-defined]
    tcp_server.TaskGroup = TaskGroup  # type: ignore[attr-defined]
    tcp_server.ProtocolWrapper = HTTP1Only  # type: ignore[attr-defined,assignment]
