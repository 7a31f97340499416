"""Group commit: units of work that wait for SQLite's write lock share a transaction and its COMMIT.

They take turns, with a savepoint each. One that is refused goes back to its savepoint, and the
others go on. What a unit reads may be of one before it, so all end together: nobody is answered, or
refused, because of what is not committed yet.

A task of its own begins, gives the turns and commits. So it does not matter when or how somebody
leaves who waits for a turn or for the commit.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from contextvars import Context

from model.database.connection import NOBODY_FREE_AFTER_S, Connections
from model.database.failure import FAILURES, refuse
from model.database.sqlite import SQLiteWriter
from model.database.watcher import Watcher
from model.errors import TryAgain

MOST_UNITS = 16
_TURNS_WITHIN_S = 0.02  # then whoever is done waits for nobody else
_CLOSED_WITHIN_S = 2.0
_LEFT_FREE_S = 0.001  # for the other workers: without it theirs wait twice as long


class Group:
    """One transaction of several units of work."""

    def __init__(self, connection: SQLiteWriter) -> None:
        self.connection = connection
        self.topics: set[str] = set()  # those that it has written to
        self.has_changes = False
        self.units = 0
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()


class Groups:
    """All who write to SQLite in this process, in the order in which they come."""

    def __init__(
        self,
        writers: Connections[SQLiteWriter],
        committed: Callable[[Collection[str]], None],
        watcher: Watcher,
    ) -> None:
        """After each commit with events, `committed` is called with the topics of the group."""
        self._writers = writers
        self._committed, self._watcher = committed, watcher
        self._waiting: deque[tuple[asyncio.Future[Group], asyncio.Event]] = deque()
        self._work: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Group]:
        """A turn in a group. At the end it waits for the commit, and raises what became of it."""
        refusal: Exception | None = None
        async with self._turn() as group:
            try:
                with group.connection.part():
                    yield group
                group.has_changes = True
                group.units += 1
            except Exception as refused:
                if not group.has_changes or not group.connection.in_transaction:
                    raise
                refusal = refused
        waiting_since = time.monotonic()
        lost = await asyncio.shield(group.ended)
        self._watcher.waited("commit", time.monotonic() - waiting_since)
        if lost:
            refuse(lost)
        if refusal:
            raise refusal

    async def close(self) -> None:
        """Wait until what has begun is committed, for a while."""
        if self._work:
            await asyncio.wait({self._work}, timeout=_CLOSED_WITHIN_S)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Group]:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Group] = loop.create_future()
        over = asyncio.Event()
        self._waiting.append((turn, over))
        if self._work is None:
            self._work = loop.create_task(self._carry_out(), context=Context())
        try:
            waiting_since = time.monotonic()
            async with asyncio.timeout(NOBODY_FREE_AFTER_S):
                group = await turn
            self._watcher.waited("turn", time.monotonic() - waiting_since)
            yield group
        finally:
            over.set()

    async def _carry_out(self) -> None:
        try:
            while self._waiting:
                await self._begin()
                if self._waiting:
                    await asyncio.sleep(_LEFT_FREE_S)
        finally:
            self._work = None

    async def _begin(self) -> None:
        """Carry out a group, or tell all who wait why there cannot be one."""
        try:
            async with self._writers.one() as connection:
                await connection.begin()
                await self._carry_out_group(Group(connection))
        except (*FAILURES, TryAgain) as error:
            for turn, _ in self._waiting:
                if not turn.done():
                    turn.set_exception(error)
            self._waiting.clear()

    async def _carry_out_group(self, group: Group) -> None:
        try:
            await self._give_turns(group)
            if group.has_changes:
                await group.connection.commit()
                self._watcher.figures.shared(group.units)
        except (*FAILURES, TryAgain) as error:
            group.ended.set_result(error)
        except BaseException:
            group.ended.cancel()
            raise
        else:
            group.ended.set_result(None)
            if group.topics:
                self._committed(group.topics)

    async def _give_turns(self, group: Group) -> None:
        """Raises TryAgain when the database has rolled all of it back: a full disk, for example."""
        until = time.monotonic() + _TURNS_WITHIN_S
        for _ in range(MOST_UNITS):
            turn, over = self._waiting.popleft()
            if not turn.done():  # else whoever waited has left
                turn.set_result(group)
                await over.wait()
            if not group.connection.in_transaction:
                raise TryAgain
            if not self._waiting or time.monotonic() > until:
                return
