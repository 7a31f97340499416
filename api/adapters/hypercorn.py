"""What Hypercorn and wsproto get wrong for us, put right before a worker serves.

tests/faults/test_hostile_sockets.py sends the bombs and the endless fragments.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
from hypercorn.asyncio import run, task_group, tcp_server, worker_context
from hypercorn.events import Closed, Event
from hypercorn.protocol import ws_stream
from hypercorn.protocol.events import StreamClosed

from api.adapters.frame_stream import FrameStream, current_writer
from api.adapters.http1 import HTTP1

TRIED_WITH = {"hypercorn": ["0.18"], "httptools": ["0.9"]}

log = logging.getLogger(__name__)

_HEAD_WITHIN_S = 1  # of a request that is refused
_TOO_MANY_CONNECTIONS = {
    "type": "about:blank",
    "title": HTTPStatus.SERVICE_UNAVAILABLE.phrase,
    "status": HTTPStatus.SERVICE_UNAVAILABLE,
    "code": "try_again",
    "detail": "The server has too many connections; nothing was changed. Try again.",
    "request_id": "",
}
_REFUSAL = (
    b"HTTP/1.1 503 \r\nConnection: close\r\nRetry-After: 1\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%b"
)


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


class DroppingStream(FrameStream):
    """Drops a connection whose message is too large, instead of reading on for ever."""

    async def _handle_events(self) -> None:
        await super()._handle_events()
        if getattr(self.buffer, "overflown", False):
            await self.send(StreamClosed(stream_id=self.stream_id))


class Protocol(HTTP1):
    """Speaks no HTTP/2, where nothing of the above would hold."""

    websocket_stream = DroppingStream


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


class Terminated(worker_context.EventWrapper):
    """The stop of the server, which closes whatever waits for a request."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: set[asyncio.StreamWriter] = set()

    async def set(self) -> None:
        await super().set()
        for writer in self.idle:
            writer.close()


class WorkerContext(worker_context.WorkerContext):
    terminated: Terminated

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        self.terminated = Terminated()


class IdleTimer:
    """Closes a connection that waits too long for a request.

    Hypercorn makes a task for it, and cancels it, at each request: a fifth of what one costs.
    """

    _timer: asyncio.TimerHandle | None = None

    def __init__(
        self, writer: asyncio.StreamWriter, terminated: Terminated, *, seconds: float
    ) -> None:
        self._writer, self._terminated, self._seconds = writer, terminated, seconds

    async def restart(self, *_task: Any) -> None:
        await self.stop()
        if self._terminated.is_set():
            self._writer.close()
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._writer.close)
            self._terminated.idle.add(self._writer)

    async def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
            self._terminated.idle.discard(self._writer)


class TCPServer(tcp_server.TCPServer):
    """Refuses one connection too many.

    The system gives out the lowest free descriptor: its number tells how many are in use.
    """

    most_descriptors: int | None = None
    has_told = False
    context: WorkerContext

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.idle_task = IdleTimer(  # type: ignore[assignment] # all that is asked of it
            self.writer, self.context.terminated, seconds=self.config.keep_alive_timeout
        )

    async def run(self) -> None:
        current_writer.set(self.writer)
        most = self.most_descriptors
        if most is None or self.writer.get_extra_info("socket").fileno() < most:
            await super().run()
        else:
            self._tell_once()
            await self._refuse()

    async def protocol_send(self, event: Event) -> None:
        """Whoever cannot be reached any more has left: there are more ways than Hypercorn knows."""
        try:
            await super().protocol_send(event)
        except OSError:
            await self.protocol.handle(Closed())

    async def _close(self) -> None:
        with suppress(OSError):
            await super()._close()

    @classmethod
    def _tell_once(cls) -> None:
        if not cls.has_told:
            cls.has_told = True
            log.error(
                "too many connections: new ones are refused while %d files and sockets are open;"
                " raise the limit of the system (ulimit -n, LimitNOFILE)",
                cls.most_descriptors,
            )

    async def _refuse(self) -> None:
        """Answer the request, which is read first: who is sending may not see an answer."""
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_HEAD_WITHIN_S):
                await self.reader.readuntil(b"\r\n\r\n")
        problem = msgspec.json.encode(_TOO_MANY_CONNECTIONS)
        self.writer.write(_REFUSAL % (len(problem), problem))
        await self._close()


def patch_hypercorn(most_descriptors: int | None = None) -> None:
    """Connections are refused while more files and sockets than `most_descriptors` are open."""
    # Compression would let 509 KiB become 756 MiB, and costs memory for each connection
    ws_stream.server_extensions_handshake = lambda *_: None  # type: ignore[attr-defined]
    ws_stream.WebsocketBuffer = MessageBuffer  # type: ignore[misc]
    TCPServer.most_descriptors = most_descriptors
    run.TCPServer = TCPServer  # type: ignore[attr-defined,assignment]
    run.WorkerContext = WorkerContext  # type: ignore[attr-defined]
    tcp_server.TaskGroup = TaskGroup  # type: ignore[attr-defined]
    tcp_server.ProtocolWrapper = Protocol  # type: ignore[attr-defined,assignment]
