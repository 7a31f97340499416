"""HTTP/1.1 on one connection, in place of Hypercorn's own, which took half of a request's time.

Requests are answered one after the other. While the application does not take a body, or answers,
nothing more is read.
"""

import asyncio
import re
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Any
from wsgiref.handlers import format_date_time

from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, Data, EndBody, Request, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.utils import suppress_body

from api.adapters.http1_request import TOKEN, ChunkedBody, CountedBody, Head, Refused

_STREAM_ID = 1
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FIELDS = re.compile(rb"(?:%b: [^\x00\r\n]*\r\n)*" % TOKEN)
_CONTINUE = RawData(b"HTTP/1.1 100 \r\n\r\n")
_REFUSAL = b"HTTP/1.1 %d \r\ncontent-length: 0\r\nconnection: close\r\n%b\r\n"


def _date() -> bytes:
    return _date_at(int(time()))


@lru_cache(1)
def _date_at(second: int) -> bytes:
    return f"date: {format_date_time(second)}\r\n".encode()


class Answer:
    """The bytes of an answer, after which the connection may end: then its head says so.

    Raises ValueError where they would not be what the head says.
    """

    def __init__(self, response: Response, request: Head, *, is_last: bool) -> None:
        self.is_complete = self._is_chunked = False
        self._left = self._announced(response, request)
        says_close = (b"connection", b"close") in response.headers
        self.closes = is_last or request.closes or says_close
        fields = self._fields(response)
        if self._left is None and response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._is_chunked = request.version == "1.1"
            if self._is_chunked:
                fields += b"transfer-encoding: chunked\r\n"
        if self.closes and not says_close:
            fields += b"connection: close\r\n"
        self.head = b"HTTP/1.1 %d \r\n%b%b\r\n" % (response.status_code, fields, _date())

    @staticmethod
    def _announced(response: Response, request: Head) -> int | None:
        """Bytes of the body, if that is known; a WebSocket that is accepted has no end."""
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            return None
        if suppress_body(request.method, response.status_code):
            return 0
        lengths = [int(value) for name, value in response.headers if name == b"content-length"]
        return lengths[0] if lengths else None

    @staticmethod
    def _fields(response: Response) -> bytes:
        fields = b"".join([b"%b: %b\r\n" % field for field in response.headers])
        if not _FIELDS.fullmatch(fields) or fields.count(b"\n") > len(response.headers):
            raise ValueError("a field of the answer has no valid name or value")
        return fields

    @property
    def waits_for_body(self) -> bool:
        """Whether the head leaves together with what follows at once."""
        return self._left is not None

    def framed(self, data: bytes) -> bytes:
        if self._is_chunked:
            return b"%x\r\n%b\r\n" % (len(data), data)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise ValueError("the body of the answer is longer than announced")
        return data

    def end(self) -> bytes:
        self.is_complete = not self._left
        return b"0\r\n\r\n" if self._is_chunked else b""


class HTTP1:
    """A protocol as Hypercorn wants it: `handle` takes what comes, `stream_send` the answers."""

    websocket_stream: type[WSStream] = WSStream

    _request: Head
    _body: CountedBody | ChunkedBody | None = None  # until a request comes
    _stream: HTTPStream | WSStream | None = None
    _answer: Answer | None = None
    _unread = _held = b""
    _is_over = _has_left = False

    def __init__(self, *arguments: Any) -> None:
        app, config, context, task_group, state, ssl, client, server, self.send, _ = arguments
        self._stream_arguments = (
            *(app, config, context, task_group, ssl, client, server),
            *(self.stream_send, _STREAM_ID),
        )
        self._state, self._terminated = state, context.terminated
        self._most_head_bytes = config.h11_max_incomplete_size
        self._is_answered = asyncio.Event()

    async def initiate(self) -> None:
        pass

    async def handle(self, event: Event) -> None:
        """Take what came, or that nothing more will."""
        if isinstance(event, RawData):
            self._unread += event.data
            try:
                await self._read()
            except Refused as refused:
                await self._refuse(refused.status)
        elif isinstance(event, Closed):
            self._has_left = True
            self._is_answered.set()  # as far as it can be
            await self._end_stream()

    async def _read(self) -> None:
        while self._unread and not (self._is_over or self._has_left):
            if self._body is None:
                head = self._next_head()
                if head is None:
                    return
                await self._begin(Head(head))
            elif self._body.is_complete:
                await self._is_answered.wait()
            else:
                await self._take_body(self._body)

    def _next_head(self) -> bytes | None:
        """The head that comes next, if it came whole; raises Refused when it is too long."""
        found = _END_OF_HEAD.search(self._unread)
        end = found.end() if found else len(self._unread)
        if end > self._most_head_bytes:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._unread[0] <= ord(" "):
            raise Refused(HTTPStatus.BAD_REQUEST)
        if found is None:
            return None
        head, self._unread = self._unread[:end], self._unread[end:]
        return head

    async def _begin(self, head: Head) -> None:
        self._request, self._answer = head, None
        self._body = body = head.body(self._most_head_bytes)
        self._is_answered.clear()
        await self.send(Updated(idle=False))
        kind = self.websocket_stream if head.is_websocket else HTTPStream
        self._stream = stream = kind(*self._stream_arguments)
        asked = Request(
            _STREAM_ID, head.headers, head.version, head.method, head.target, self._state
        )
        try:
            await stream.handle(asked)
        except UnicodeDecodeError:  # in a field that says how a WebSocket is to be spoken
            raise Refused(HTTPStatus.BAD_REQUEST) from None
        if body.is_complete:
            await stream.handle(EndBody(_STREAM_ID))
        elif head.expects_continue:
            await self.send(_CONTINUE)

    async def _take_body(self, body: CountedBody | ChunkedBody) -> None:
        if isinstance(self._stream, WSStream) and not self._stream.handshake.accepted:
            raise Refused(HTTPStatus.BAD_REQUEST)
        data, self._unread = body.take(self._unread)
        if self._stream and data:
            await self._stream.handle(Body(_STREAM_ID, data))
        if self._stream and body.is_complete:
            await self._stream.handle(EndBody(_STREAM_ID))

    async def stream_send(self, event: StreamEvent) -> None:
        """Write what the application answers. Head and body leave together where they can."""
        if isinstance(event, StreamClosed):
            await self._finish()
        elif self._is_over:
            pass  # it was refused meanwhile
        elif isinstance(event, Response):
            self._answer = Answer(event, self._request, is_last=self._is_last(event))
            self._held = self._answer.head
            if not self._answer.waits_for_body:
                await self._write(b"")
        elif isinstance(event, Data):
            await self._write(event.data)
        elif isinstance(event, Body) and self._answer:
            await self._write(self._answer.framed(event.data))
        elif isinstance(event, EndBody) and self._answer:
            await self._write(self._answer.end())
            if self._request.is_websocket:
                await self._hang_up()

    def _is_last(self, response: Response) -> bool:
        """Whether nothing is read after the answer: its request was not, or the server stops."""
        is_asked = self._body is not None and self._body.is_complete
        is_over = not is_asked or self._terminated.is_set()
        return is_over and response.status_code != HTTPStatus.SWITCHING_PROTOCOLS

    async def _write(self, data: bytes) -> None:
        data, self._held = self._held + data, b""
        if data:
            await self.send(RawData(data))

    async def _finish(self) -> None:
        await self._end_stream()
        answer, is_stopping = self._answer, self._terminated.is_set()
        if answer and answer.is_complete and not answer.closes and not is_stopping:
            self._body = None
            self._is_answered.set()
            await self.send(Updated(idle=True))
        else:
            await self._hang_up()

    async def _refuse(self, status: int) -> None:
        if self._body is None or self._answer is None:
            await self.send(RawData(_REFUSAL % (status, _date())))
        await self._hang_up()

    async def _hang_up(self) -> None:
        self._is_over = True
        self._is_answered.set()
        await self.send(Closed())

    async def _end_stream(self) -> None:
        if self._stream:
            stream, self._stream = self._stream, None
            await stream.handle(StreamClosed(_STREAM_ID))
