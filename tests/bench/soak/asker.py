"""A connection that takes every answer, good or bad, and is opened again when it is closed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.bench.load import Connection, Failed

COME_BACK_AFTER_S = 0.1
LOST = "lost"


class Answered(Connection):
    status = 0

    def _answered(self, status: int, body: bytes) -> None:
        self.status = status
        if self._answer and not self._answer.done():
            self._answer.set_result(body)


class Asker:
    """Counts what it was answered, by what it was asking for."""

    def __init__(self, port: int, name: str, answers: Counter[str]) -> None:
        self.port, self.name, self.answers = port, name, answers
        self._connection: Answered | None = None

    async def ask(self, asked: bytes) -> tuple[int, bytes]:
        """Status and body; the status is 0 when the connection was lost."""
        try:
            if self._connection is None or self._connection.transport.is_closing():
                self._connection = await Answered().open(self.port)
            body = await self._connection.ask(asked)
        except (Failed, OSError):
            self.close()
            self.answers[f"{self.name} {LOST}"] += 1
            await asyncio.sleep(COME_BACK_AFTER_S)
            return 0, b""
        status = self._connection.status
        self.answers[f"{self.name} {status}"] += 1
        return status, body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def every(seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    """Act so often, for ever; a turn that is late is not made up for."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + seconds
        with suppress(Failed, OSError):
            await act()
        await asyncio.sleep(max(0.0, due - loop.time()))
