"""Connections to the database: each is kept open, and one unit of work at a time has it to itself.

They are SQLAlchemy's, so that a session can join one. Our own statements go to the driver below,
since SQLAlchemy's execution and its pool take longer than most of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from model.database.row import AnyRow
from model.database.watcher import Watcher
from model.errors import TryAgain

NOBODY_FREE_AFTER_S = 10.0

Values = Mapping[str, object]


class Connection(Protocol):
    """What a unit of work runs on. All but `rollback` and `close` raise the errors of the driver.

    To such an error the SQL is added as a note, and never a value.
    """

    sqlalchemy: AsyncConnection
    is_sqlite: bool
    locks_rows: bool
    """Whether what is found to be changed has to be locked."""

    @property
    def is_usable(self) -> bool:
        """Whether another unit of work may have it after this one."""

    async def begin(self, *, once: bool = False) -> None:
        """`once` says that nothing but one SELECT comes: it needs no transaction around it."""

    async def rows(self, statement: Executable, values: Values) -> Sequence[AnyRow]: ...

    async def run(self, statement: Executable, values: Values) -> int:
        """How many rows it has changed."""

    async def run_for_each(self, statement: Executable, rows: Sequence[Values]) -> None: ...

    def end_within(self, seconds: float) -> None:
        """Let each statement of this unit of work take so long at most, if it reads."""

    async def commit(self) -> None:
        """Raises OutcomeUnknown when the database went before it said what it has done."""

    async def rollback(self) -> None:
        """Leave nothing behind of what is not committed, or be not usable any more."""

    async def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Connections(Generic[C]):
    """A few connections, each made when it is first needed; whoever comes then waits in order."""

    def __init__(self, connect: Callable[[], Awaitable[C]], most: int, watcher: Watcher) -> None:
        self._connect, self._watcher = connect, watcher
        self._turns = asyncio.Semaphore(most)
        self._free: list[C] = []
        self._is_closed = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[C]:
        """A connection for one transaction, which is rolled back unless it is committed.

        Raises TryAgain when none becomes free.
        """
        await asyncio.sleep(0)  # the others: what follows may not wait for anything
        connection = await self._take()
        try:
            yield connection
        finally:
            try:
                await connection.rollback()
            finally:
                await self._give_back(connection)

    async def close(self) -> None:
        """Close those that are free, and the others as soon as they are."""
        self._is_closed = True
        while self._free:
            await self._free.pop().close()

    async def _take(self) -> C:
        await self._turn()
        try:
            while self._free:
                connection = self._free.pop()
                if connection.is_usable:
                    return connection
                await connection.close()
            return await self._connect()
        except BaseException:
            self._turns.release()
            raise

    async def _turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()  # at once
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(NOBODY_FREE_AFTER_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise TryAgain from error
        finally:
            self._watcher.waited("connection", time.monotonic() - began)

    async def _give_back(self, connection: C) -> None:
        try:
            if connection.is_usable and not self._is_closed:
                self._free.append(connection)
            else:
                await connection.close()
        finally:
            self._turns.release()
