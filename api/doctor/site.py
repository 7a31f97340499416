"""A site as a browser reaches it, through whatever is in front of the server."""

import io
import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPSConnection, RemoteDisconnected, parse_headers
from typing import Any
from urllib.parse import urlsplit

from api.settings import Settings

ANSWERS_WITHIN_S = 8
PROBLEM = "application/problem+json"

_PIECE, _A_PIECE_EVERY_S = b"-" * 1024, 0.25
_END_OF_HEAD, _MOST_BYTES = b"\r\n\r\n", 65_536


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """Its JSON object; nothing when it is none."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def is_ours(self) -> bool:
        """Whether a refusal comes from the server, and not from a proxy."""
        return self.headers.get_content_type() == PROBLEM

    def all(self, name: str) -> list[str]:
        return [str(value) for value in self.headers.get_all(name, [])]


@dataclass
class Site:
    """`tls` trusts what browsers trust, until a check has found that this cannot be."""

    url: str
    settings: Settings
    origin: str | None = None
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def is_https(self) -> bool:
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (443 if self.is_https else 80)

    @property
    def netloc(self) -> str:
        """What a browser sends as `Host`."""
        return urlsplit(self.url).netloc

    def opened(self) -> HTTPConnection:
        if self.is_https:
            return HTTPSConnection(self.host, self.port, timeout=ANSWERS_WITHIN_S, context=self.tls)
        return HTTPConnection(self.host, self.port, timeout=ANSWERS_WITHIN_S)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Raises OSError and HTTPException."""
        with closing(self.opened()) as connection:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def begin_to_send(self, path: str, headers: Mapping[str, str], size: int) -> Answer | None:
        """What is answered to a POST of which little has come, without its body; None if nothing.

        A little more is sent all the time: Caddy passes no answer on while nothing comes.
        """
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        with closing(self.opened()) as connection:
            connection.putrequest("POST", path)
            for name, value in {**headers, "Content-Length": str(size)}.items():
                connection.putheader(name, value)
            connection.endheaders(_PIECE)
            connection.sock.settimeout(_A_PIECE_EVERY_S)
            came = b""
            while _END_OF_HEAD not in came:
                if time.monotonic() > deadline:
                    return None
                try:
                    data = connection.sock.recv(_MOST_BYTES)
                except TimeoutError:
                    connection.send(_PIECE)
                else:
                    came += data
                    if not data:
                        raise RemoteDisconnected("it was hung up")
        status_line, _, head = came.partition(b"\r\n")
        return Answer(int(status_line.split()[1]), parse_headers(io.BytesIO(head)), b"")

    def ends(self) -> tuple[str, str]:
        """The addresses of this end and of the other one. Raises OSError."""
        with socket.create_connection((self.host, self.port), ANSWERS_WITHIN_S) as connected:
            return connected.getsockname()[0], connected.getpeername()[0]
