"""How Quart meets the server: requests that finish although their client left, bodies as JSON.

Quart cancels a handler whose client disconnects; cancelled inside a transaction that would leave
locks behind, and the client would not know whether its change was made.
"""

import asyncio
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import msgspec
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, WebsocketScope
from quart import Quart, Request, Websocket
from quart.asgi import ASGIHTTPConnection, ASGIWebsocketConnection
from quart.typing import ResponseTypes
from quart.wrappers.request import Body
from werkzeug.exceptions import (
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

from model.errors import Invalid

MAX_UNREAD_MESSAGES = 64
MAX_UNREAD_BYTES = 256 * 1024
IDLE_S = 30  # a body of which nothing has come for so long is given up
THROWN_AWAY_WITHIN_S = 5


class PatientBody(Body):
    """A body that is read as it comes, without growing; or whole, up to the application's limit.

    While nobody reads it, the client waits in its own kernel.
    """

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(None, None)
        self._expected, self._most = expected_content_length or 0, max_content_length or 0
        self._is_read_whole = self._is_unwanted = False
        self._has_room = asyncio.Event()

    def append(self, data: bytes) -> None:
        if not self._is_unwanted:
            super().append(data)

    async def room(self) -> None:
        """When more of it may come."""
        while len(self._data) >= MAX_UNREAD_BYTES and not self._is_read_whole:
            self._has_room.clear()
            await self._has_room.wait()

    async def throw_away(self) -> None:
        """What still comes: whoever is sending hears the answer only afterwards."""
        if self._complete.is_set():
            return
        self._is_unwanted = True
        self._data.clear()
        self._has_room.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(THROWN_AWAY_WITHIN_S):
                await self._complete.wait()

    async def __anext__(self) -> bytes:
        """The next bytes; raises RequestTimeout when they do not come, or never will."""
        try:
            async with asyncio.timeout(IDLE_S):
                data = await super().__anext__()
        except TimeoutError:
            raise RequestTimeout from None
        except StopAsyncIteration:
            raise self._must_raise or StopAsyncIteration from None
        self._has_room.set()
        return data

    def __await__(self) -> Generator[Any, None, Any]:
        """Raises RequestEntityTooLarge."""
        self._is_read_whole = True
        self._max_content_length = self._most
        if max(self._expected, len(self._data)) > self._most:
            raise RequestEntityTooLarge
        self._has_room.set()
        return (yield from super().__await__())


class HomeroomRequest(Request):
    body_class = PatientBody

    async def get_json(
        self,
        force: bool = False,
        silent: bool = False,
        cache: bool = True,
    ) -> Any:
        """The body; an empty one is an object without fields, so that each missing one is named."""
        del force, silent, cache
        body = await self.get_data(as_text=False)
        if not body:
            return {}
        if not self.is_json:
            raise UnsupportedMediaType
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError):
            raise Invalid({"body": "It is not JSON in UTF-8."}) from None


class BareWebsocket(Websocket):
    async def send(self, data: str | bytes) -> None:
        """Quart gives way and looks whether it was accepted before each frame: 7 of 50 µs."""
        await self._send(data)


class FinishingHTTPConnection(ASGIHTTPConnection):
    """Whoever leaves cancels only the waiting for the rest of a body, or the sending of an answer.

    When the server cancels, the handler still finishes: the supervisor waits, then kills.
    """

    answering = client_left = False
    body: PatientBody

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = self._create_request_from_scope(send)
        assert isinstance(request.body, PatientBody)
        self.body = request.body
        receiver = asyncio.ensure_future(self.handle_messages(request, receive))
        handler = asyncio.ensure_future(self.handle_request(request, send))
        while not handler.done():
            waiting = {handler} if receiver.done() else {handler, receiver}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                receiver.cancel()
            else:
                if receiver.done() and not handler.done():
                    self._client_left(handler)
        receiver.cancel()
        if not handler.cancelled():
            handler.result()

    def _client_left(self, handler: "asyncio.Future[None]") -> None:
        self.client_left = True
        if self.answering:
            handler.cancel()
        elif not self.body._complete.is_set():
            self.body._must_raise = RequestTimeout()
            self.body.set_complete()

    async def handle_messages(self, request: Request, receive: ASGIReceiveCallable) -> None:
        del request
        while True:
            message = await receive()
            if message["type"] == "http.request":
                self.body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self.body.set_complete()
                await self.body.room()
            elif message["type"] == "http.disconnect":
                return

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
        await self.body.throw_away()
        if not self.client_left:
            self.answering = True
            await super()._send_response(send, response)


class FinishingWebsocketConnection(ASGIWebsocketConnection):
    """The handler is not cancelled either: it receives None when the client is gone.

    Its queue is bounded: a client that sends faster than it is served waits in its own kernel.
    """

    def __init__(self, app: Quart, scope: WebsocketScope) -> None:
        super().__init__(app, scope)
        self.queue = asyncio.Queue(MAX_UNREAD_MESSAGES)

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        websocket = self._create_websocket_from_scope(send)
        receiver = asyncio.ensure_future(self.handle_messages(receive))
        handler = asyncio.ensure_future(self.handle_websocket(websocket, send))
        while not handler.done():
            try:
                await asyncio.wait({handler})
            except asyncio.CancelledError:
                receiver.cancel()
                while self.queue.full():
                    self.queue.get_nowait()
                self.queue.put_nowait(None)
        receiver.cancel()
        handler.result()

    async def send_data(self, send: ASGISendCallable, data: str | bytes) -> None:
        """Text only, and without a signal of Quart's that nobody listens to."""
        assert isinstance(data, str)
        await send({"type": "websocket.send", "bytes": None, "text": data})

    async def handle_messages(self, receive: ASGIReceiveCallable) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.receive":
                data = event.get("bytes")
                await self.queue.put(event["text"] if data is None else data)
            elif event["type"] == "websocket.disconnect":
                await self.queue.put(None)
                return
