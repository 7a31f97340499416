"""HTTP requests as fast as they are answered, by plain asyncio: always there, the same everywhere.

The client shares the processors with the server, so it does as little as it can.
"""

import asyncio
import json
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Self, cast

HOST = "127.0.0.1"
ANSWERED_WITHIN_S = 20
WARM_UP_S = 0.5
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Failed(Exception):
    """The server did not do the work: figures would be worth nothing."""


def request(method: str, path: str, token: str = "", body: object = None, **headers: str) -> bytes:
    """As it is sent; headers are named with underscores for hyphens."""
    sent = b"" if body is None else json.dumps(body).encode()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers |= {"Content_Type": "application/json", "Content_Length": str(len(sent))}
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + sent


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection that is kept alive."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.buffer = bytearray()
        self._asked = ""
        self._answer: asyncio.Future[bytes] | None = None

    @property
    def port(self) -> int:
        """By which the server's machine tells which of its workers serves it."""
        return int(self.transport.get_extra_info("sockname")[1])

    async def open(self, port: int) -> Self:
        await self.dial(port)
        return self

    async def dial(self, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, HOST, port)

    async def ask(self, asked: bytes) -> bytes:
        """The body of the answer; a refusal is `Failed`."""
        self._asked = asked[: asked.index(b"\r\n")].decode()
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(asked)
        return await self._answer

    def close(self) -> None:
        if hasattr(self, "transport"):  # else it was never opened
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = LENGTH.search(self.buffer, 0, end)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) >= whole:
            status, body = int(self.buffer[9:12]), bytes(self.buffer[end + 4 : whole])
            del self.buffer[:whole]
            self._answered(status, body)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(Failed(f"{self._asked}: connection lost ({error})"))

    def _answered(self, status: int, body: bytes) -> None:
        assert self._answer
        if self._answer.done():  # whoever asked has given up
            return
        if status < 300:
            self._answer.set_result(body)
        else:
            self._answer.set_exception(Failed(f"{self._asked}: {status} {body[:300]!r}"))


@dataclass(frozen=True)
class Latency:
    p50: float
    p95: float
    p99: float


def latency(seconds: Sequence[float]) -> Latency:
    """In milliseconds."""
    cuts = quantiles((each * 1e3 for each in seconds), n=100, method="inclusive")
    return Latency(cuts[49], cuts[94], cuts[98])


@dataclass(frozen=True)
class Load:
    per_s: float
    seconds: Sequence[Sequence[float]]  # that each answer took, for each connection
    answers: int  # in all, with those of the warm-up

    @property
    def spent(self) -> Latency:
        return latency([each for spent in self.seconds for each in spent])


async def hammer(
    connections: Sequence[Connection], requests: Sequence[bytes], seconds: float
) -> Load:
    """Each connection asks again as soon as it is answered."""
    begin = time.perf_counter() + WARM_UP_S
    end = begin + seconds
    answers = 0

    async def ask_on(connection: Connection) -> list[float]:
        nonlocal answers
        spent = []
        while (asked := time.perf_counter()) < end:
            await connection.ask(random.choice(requests))
            answered = time.perf_counter()
            answers += 1
            if begin <= answered < end:
                spent.append(answered - asked)
        return spent

    async with asyncio.timeout(WARM_UP_S + seconds + ANSWERED_WITHIN_S):
        spent = await asyncio.gather(*(ask_on(connection) for connection in connections))
    return Load(sum(map(len, spent)) / seconds, spent, answers)
