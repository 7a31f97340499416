"""Bytes as no client would send them, and an application that tells what it was asked."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

ANSWERED_WITHIN_S = 5


@dataclass
class Asked:
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass
class Recorder:
    """An application that keeps what it was asked, and answers 200 once a body came whole."""

    asked: list[Asked] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http", "no WebSocket is meant to come this far"
        asked = Asked(scope["method"], scope["path"], scope["headers"])
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            asked.body += message["body"]
            more = message["more_body"]
        self.asked.append(asked)
        length = [(b"content-length", b"3")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"ok\n"})


async def answers_to(port: int, *pieces: bytes, is_half_closed: bool = False) -> bytes:
    """All that comes until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        if reader.at_eof() or reader.exception():
            break
        writer.write(piece)
        await asyncio.sleep(0)  # so that it comes alone
    if is_half_closed:
        writer.write_eof()
    answer = b""
    with suppress(ConnectionError):
        while data := await asyncio.wait_for(reader.read(65536), ANSWERED_WITHIN_S):
            answer += data
    writer.close()
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", answer)]
