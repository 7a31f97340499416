"""What a client sends by HTTP/1.1: the head of a request, and its body.

llhttp reads heads. What it lets through and h11, the parser that Hypercorn came with, would not is
refused here; tests/faults/test_malformed_requests.py has the table.
"""

import re
import sys
from http import HTTPStatus

import h11
from httptools import HttpRequestParser
from httptools.parser.errors import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
)

TOKEN = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+"  # RFC 9110, 5.6.2
_REQUEST_LINE = re.compile(TOKEN + rb" ([!-~]+) HTTP/(\d\.\d)\r\n")
_CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Refused(Exception):
    """Whatever the client sent is not taken; the connection ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class CountedBody:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length

    @property
    def is_complete(self) -> bool:
        return self._left == 0

    def take(self, unread: bytes) -> tuple[bytes, bytes]:
        """What belongs to the body, and what comes after it."""
        data = unread[: self._left]
        self._left -= len(data)
        return data, unread[len(data) :]


class ChunkedBody:
    """A body in chunks, read by h11: httptools does not say where one ends."""

    def __init__(self, most_bytes_between: int) -> None:
        self._reader = h11.Connection(h11.SERVER, most_bytes_between)
        self._reader.receive_data(_CHUNKED)
        self._reader.next_event()
        self.is_complete = False

    def take(self, unread: bytes) -> tuple[bytes, bytes]:
        """What belongs to the body, and what comes after it; raises Refused."""
        self._reader.receive_data(unread)
        data = bytearray()
        try:
            while isinstance(event := self._reader.next_event(), h11.Data):
                data += event.data
        except h11.RemoteProtocolError as error:
            raise Refused(error.error_status_hint) from None
        self.is_complete = isinstance(event, h11.EndOfMessage)
        return bytes(data), self._reader.trailing_data[0] if self.is_complete else b""


class Head:
    """The head of a request: its names are in lower case, its values without spaces around them.

    Raises Refused.
    """

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        line = _REQUEST_LINE.match(data)
        if not line:
            raise Refused(HTTPStatus.BAD_REQUEST)
        self.target: bytes = line[1]
        self.version = line[2].decode()
        if self.version not in {"1.0", "1.1"}:
            raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        self.method = self._parse(data)
        self.fields = dict(self.headers)
        self._require_one_meaning()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.rstrip(b" \t")))

    def _parse(self, data: bytes) -> str:
        parser = HttpRequestParser(self)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            pass  # whoever may speak something else is asked afterwards
        except HttpParserInvalidMethodError:
            raise Refused(HTTPStatus.NOT_IMPLEMENTED) from None
        except HttpParserError:
            raise Refused(HTTPStatus.BAD_REQUEST) from None
        return parser.get_method().decode()

    def _require_one_meaning(self) -> None:
        names = [name for name, _ in self.headers]
        hosts = names.count(b"host")
        if hosts > 1 or (hosts == 0 and self.version == "1.1"):
            raise Refused(HTTPStatus.BAD_REQUEST)
        if b"transfer-encoding" in self.fields and (
            names.count(b"transfer-encoding") > 1
            or self.fields[b"transfer-encoding"].lower() != b"chunked"
        ):
            raise Refused(HTTPStatus.NOT_IMPLEMENTED)

    def body(self, most_bytes_between: int) -> CountedBody | ChunkedBody:
        """The body to be read; without an end where frames of a WebSocket follow."""
        if self.is_websocket:
            return CountedBody(sys.maxsize)
        if b"transfer-encoding" in self.fields:
            return ChunkedBody(most_bytes_between)
        length = self.fields.get(b"content-length", b"0").lstrip(b"0")  # int() reads 4300 digits
        return CountedBody(int(length or b"0"))

    @property
    def is_websocket(self) -> bool:
        return (
            self.fields.get(b"upgrade", b"").lower() == b"websocket"
            and self.method == "GET"
            and self._names(b"connection", b"upgrade")
        )

    @property
    def expects_continue(self) -> bool:
        return self.version == "1.1" and self._names(b"expect", b"100-continue")

    @property
    def closes(self) -> bool:
        return self.version == "1.0" or self._names(b"connection", b"close")

    def _names(self, field: bytes, token: bytes) -> bool:
        """Whether a token is in the lists of a field, which may come more than once."""
        return field in self.fields and any(
            name == field and token in {part.strip() for part in value.lower().split(b",")}
            for name, value in self.headers
        )
