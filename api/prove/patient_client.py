"""HTTP as a good client speaks it: a request is repeated until it is answered."""

import asyncio
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.prove.plan import Unfinished

HOST = "127.0.0.1"
TRY_FOR_S = 10
GIVE_UP_AFTER_S = 200  # longer than a server may take to start
PAUSE_S = 0.05
MAX_BODY_BYTES = 1024 * 1024
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
PASSING = {0, 429, 503, 504}  # not reached, too fast, busy, not known: it may succeed soon
ELSEWHERE = {0, 503, 504}  # or at another node
TWICE = 2

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Doors:
    """The ports of the nodes, and how many requests failed at one of them and at the next."""

    ports: Sequence[int]
    failed_twice: int = 0


@dataclass
class PatientClient:
    """Somebody's one connection, kept alive while it lasts; after a failure it is to another node.

    `turn` says at which node it begins.
    """

    doors: Doors
    token: str = ""
    turn: int = 0
    _streams: Streams | None = None
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        done: Collection[int] = (),
    ) -> Any:
        """The answer, once there is one. `done` are refusals that say that an earlier try did it.

        A repeated request with a `key` is carried out once; without one, repeating must not matter.
        """
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        failures = 0
        while True:
            pause_s = PAUSE_S
            try:
                status, pause_s, answer = await self._try(method, path, body, key)
            except (OSError, EOFError, asyncio.LimitOverrunError) as error:
                status, answer = 0, repr(error).encode()
            if 200 <= status < 300:  # noqa: PLR2004 - a good answer
                return msgspec.json.decode(answer) if answer else None
            if status in done:
                return None
            if status in ELSEWHERE:
                failures += 1
                self.doors.failed_twice += failures == TWICE
                self._leave()
            if status not in PASSING:
                raise Unfinished(f"{method} {path}: {status} {answer[:300].decode()}")
            if time.monotonic() > deadline:
                raise Unfinished(f"{method} {path} was not answered: {answer[:300].decode()}")
            await asyncio.sleep(pause_s)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    def _leave(self) -> None:
        self.close()
        self.turn += 1

    @property
    def _port(self) -> int:
        return self.doors.ports[self.turn % len(self.doors.ports)]

    async def _try(
        self, method: str, path: str, body: object, key: str
    ) -> tuple[int, float, bytes]:
        sent = b"" if body is None else msgspec.json.encode(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self._port}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if key:
            lines.append(f"Idempotency-Key: {key}")
        async with self._alone:
            return await self._exchange("\r\n".join([*lines, "", ""]).encode() + sent)

    async def _exchange(self, request: bytes) -> tuple[int, float, bytes]:
        """Status, the pause before a repeat, and body; otherwise the connection is closed."""
        is_whole = False
        try:
            async with asyncio.timeout(TRY_FOR_S):
                if self._streams is None or self._streams[0].at_eof():  # closed while it was idle
                    self.close()
                    self._streams = await asyncio.open_connection(
                        HOST, self._port, limit=MAX_BODY_BYTES
                    )
                reader, writer = self._streams
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
            is_whole = True
        finally:
            if not is_whole:
                self.close()
        asked_for = RETRY_AFTER.search(head)
        return int(head[9:12]), float(asked_for[1]) if asked_for else PAUSE_S, body
