"""How Quart meets the server: requests that finish although their client left, JSON, and forms.

Quart cancels a handler whose client disconnects; cancelled inside a transaction that would leave
locks behind, and the client would not know whether its change was made.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar, cast

import msgspec
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart import Request, Websocket, websocket
from quart.asgi import ASGIHTTPConnection, ASGIWebsocketConnection
from quart.typing import ResponseTypes
from quart.utils import encode_headers
from quart.wrappers.response import DataBody
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestTimeout, UnsupportedMediaType
from werkzeug.sansio.multipart import MultipartDecoder

from model.errors import Invalid, TooLarge

T = TypeVar("T")

TRIED_WITH = {"quart": ["0.22", "0.23"], "quart-schema": ["0.25"], "werkzeug": ["3.1"]}

MAX_UNREAD_MESSAGES = 64
MAX_UNREAD_BYTES = 256 * 1024
IDLE_S = 30  # a body of which nothing has come for so long is given up
LEAST_BYTES_PER_S = 4096  # what comes more slowly is too: so much has each of 30 on one Mbit/s
THROWN_AWAY_WITHIN_S = 5
MAX_PART_HEAD_BYTES = 16 * 1024
MAX_BOUNDARY_BYTES = 70  # RFC 2046, 5.1.1


class PatientBody:
    """A body that is read as it comes, without growing; or whole, up to the application's limit.

    While nobody reads it, the client waits in its own kernel. Quart awaits it or iterates over it;
    its own `Body` is another one in each version.
    """

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        self._announced, self.max_bytes = expected_content_length or 0, max_content_length or 0
        self._unread = bytearray()
        self._may_wait_bytes = MAX_UNREAD_BYTES
        self.is_complete = self._is_broken_off = self._is_unwanted = False
        self._read_bytes = 0
        self._waited_s = 0.0
        self._changed = asyncio.Event()

    async def put(self, data: bytes, *, is_last: bool) -> None:
        """Add bytes; returns when more may come."""
        if not self._is_unwanted:
            self._unread += data
        self.is_complete = is_last
        self._changed.set()
        await self._until(lambda: len(self._unread) < self._may_wait_bytes)

    def break_off(self) -> None:
        """Say that the rest will never come: whoever waits for it gets RequestTimeout."""
        if not self.is_complete:
            self.is_complete = self._is_broken_off = True
            self._changed.set()

    async def throw_away(self) -> None:
        """Drop what still comes: a client that is sending reads its answer only afterwards."""
        if self.is_complete:
            return
        self._is_unwanted = True
        self._unread.clear()
        self._changed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(THROWN_AWAY_WITHIN_S):
                await self._until(lambda: self.is_complete)

    def __aiter__(self) -> "PatientBody":
        return self

    async def __anext__(self) -> bytes:
        """The next bytes; raises RequestTimeout when they come too slowly, or never will."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._may_wait_s()):
                await self._until(lambda: bool(self._unread) or self.is_complete)
        except TimeoutError:
            raise RequestTimeout from None
        self._waited_s += time.monotonic() - began
        if self._is_broken_off:
            raise RequestTimeout
        if not self._unread:
            raise StopAsyncIteration
        data = bytes(self._unread)
        self._read_bytes += len(data)
        self._unread.clear()
        self._changed.set()
        return data

    def _may_wait_s(self) -> float:
        """Seconds that the client may let us wait now; what has come earns some for the rest."""
        earned_s = self._read_bytes / LEAST_BYTES_PER_S
        return min(IDLE_S, IDLE_S + earned_s - self._waited_s)

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._whole().__await__()

    async def _whole(self) -> bytes:
        """Raises TooLarge, and RequestTimeout when the rest will never come."""
        self._may_wait_bytes = self.max_bytes + 1
        self._changed.set()
        await self._until(lambda: self.is_complete or self._is_too_large())
        if self._is_too_large():
            raise TooLarge(f"A body takes at most {self.max_bytes // 1024} KiB here.")
        if self._is_broken_off:
            raise RequestTimeout
        return bytes(self._unread)

    def _is_too_large(self) -> bool:
        return max(self._announced, len(self._unread)) > self.max_bytes

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()


class RequestHeaders(Headers):
    """Headers that nobody changes: each is found at once, and so is that one is not there."""

    def __init__(self, headers: Headers) -> None:
        super().__init__()
        self._list = [*headers]
        self._first = {name.lower(): value for name, value in reversed(self._list)}

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override] # noqa: A002 - as Werkzeug has it
        if type is not None:
            return super().get(key, default, type)
        return self._first.get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        return str(key).lower() in self._first


class HomeroomRequest(Request):
    body_class = PatientBody  # type: ignore[assignment] # all that Quart and we ask of a body
    body: PatientBody  # type: ignore[assignment] # the same

    def __init__(self, *of_connection: Any, **options: Any) -> None:
        super().__init__(*of_connection, **options)
        self.headers = RequestHeaders(self.headers)

    @cached_property
    def blueprints(self) -> list[str]:  # Quart looks at it three times
        return super().blueprints

    @property
    def max_content_length(self) -> int | None:
        return self.body.max_bytes

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self.body.max_bytes = value or 0

    async def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body; an empty one is an object without fields, so that each missing one is named."""
        del force, silent, cache
        body = await (self.body if self.body.is_complete else self.get_data(as_text=False))
        if not body:
            return {}
        if not self.is_json:
            raise UnsupportedMediaType
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError):
            raise Invalid({"body": "It is not JSON in UTF-8."}) from None


class FormDecoder(MultipartDecoder):
    """Raises ValueError for a long boundary or a long head of a part, before looking into it."""

    def __init__(self, boundary: bytes, *limits: Any, **more: Any) -> None:
        if len(boundary) > MAX_BOUNDARY_BYTES:
            raise ValueError("the boundary is too long")
        super().__init__(boundary, *limits, **more)

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        if len(data) > MAX_PART_HEAD_BYTES:
            raise ValueError("the head of a part is too long")
        return super()._parse_headers(data)


class BareWebsocket(Websocket):
    """A WebSocket with a bounded queue: a client that is too fast waits in its own kernel."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unread: asyncio.Queue[str | bytes | None] = asyncio.Queue(MAX_UNREAD_MESSAGES)

    async def put(self, message: str | bytes | None) -> None:
        """Add a message, None being the last one; returns when there is room for it."""
        await self._unread.put(message)

    def hang_up(self) -> None:
        """End the messages because the server stops; in a full queue the oldest gives way."""
        if self._unread.full():
            self._unread.get_nowait()
        self._unread.put_nowait(None)

    async def next_message(self) -> str | bytes | None:
        """The oldest message that was not read yet, or None when the client is gone."""
        return await self._unread.get()


def itself(proxy: T) -> T:
    """What one of Quart's proxies stands for, which looks it up for each attribute: 1 µs each."""
    return proxy._get_current_object()  # type: ignore[attr-defined, no-any-return] # of Werkzeug


def current_websocket() -> BareWebsocket:
    """The WebSocket of this request itself, for other tasks."""
    return cast(BareWebsocket, itself(websocket))


class FinishingHTTPConnection(ASGIHTTPConnection):
    """Whoever leaves cancels only the waiting for the rest of a body, or the sending of an answer.

    When the server cancels, the handler still finishes: the supervisor waits, then kills.
    """

    answering = client_left = False
    body: PatientBody

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = self._create_request_from_scope(send)
        assert isinstance(request, HomeroomRequest)
        self.body = request.body
        receiver = asyncio.ensure_future(self._receive_body(receive))
        handler = asyncio.ensure_future(self.handle_request(request, send))
        while not handler.done():
            waiting = {handler} if receiver.done() else {handler, receiver}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                receiver.cancel()
                self._break_off(handler)
            else:
                if receiver.done() and not receiver.cancelled() and not handler.done():
                    self.client_left = True
                    self._break_off(handler)
        receiver.cancel()
        if not handler.cancelled():
            handler.result()

    def _break_off(self, handler: "asyncio.Future[None]") -> None:
        if self.answering:
            handler.cancel()
        else:
            self.body.break_off()

    async def _receive_body(self, receive: ASGIReceiveCallable) -> None:
        """Returns when the client has left."""
        while True:
            message = await receive()
            if message["type"] == "http.request":
                is_last = not message.get("more_body", False)
                await self.body.put(message.get("body", b""), is_last=is_last)
            elif message["type"] == "http.disconnect":
                return

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
        """Send what is whole in two messages, and not in three."""
        await self.body.throw_away()
        if self.client_left:
            return
        self.answering = True
        body = response.response
        if not isinstance(body, DataBody):
            await super()._send_response(send, response)
            return
        headers, data = encode_headers(response.headers), body.data[body.begin : body.end]
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        await send({"type": "http.response.body", "body": data, "more_body": False})


class FinishingWebsocketConnection(ASGIWebsocketConnection):
    """Does not cancel the handler of a client that is gone: it is told so."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        websocket = self._create_websocket_from_scope(send)
        assert isinstance(websocket, BareWebsocket)
        receiver = asyncio.ensure_future(self._receive_messages(websocket, receive))
        handler = asyncio.ensure_future(self.handle_websocket(websocket, send))
        while not handler.done():
            try:
                await asyncio.wait({handler})
            except asyncio.CancelledError:
                receiver.cancel()
                websocket.hang_up()
        receiver.cancel()
        handler.result()

    async def _receive_messages(
        self, websocket: BareWebsocket, receive: ASGIReceiveCallable
    ) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.receive":
                data = event.get("bytes")
                await websocket.put(event["text"] if data is None else data)
            elif event["type"] == "websocket.disconnect":
                await websocket.put(None)
                return
