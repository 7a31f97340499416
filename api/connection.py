"""How Quart meets the server: requests that finish although their client left, bodies as JSON.

Quart cancels a handler whose client disconnects; cancelled inside a transaction that would leave
locks behind, and the client would not know whether its change was made.
"""

import asyncio
from typing import Any

import msgspec
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, WebsocketScope
from quart import Quart, Request, Websocket
from quart.asgi import ASGIHTTPConnection, ASGIWebsocketConnection
from quart.typing import ResponseTypes
from werkzeug.exceptions import RequestTimeout, UnsupportedMediaType

from model.errors import Invalid

MAX_UNREAD_MESSAGES = 64


class JsonRequest(Request):
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

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = self._create_request_from_scope(send)
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
                    self._client_left(request, handler)
        receiver.cancel()
        if not handler.cancelled():
            handler.result()

    def _client_left(self, request: Request, handler: "asyncio.Future[None]") -> None:
        self.client_left = True
        if self.answering:
            handler.cancel()
        elif not request.body._complete.is_set():
            request.body._must_raise = RequestTimeout()
            request.body.set_complete()

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
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
