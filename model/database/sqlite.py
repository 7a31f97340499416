"""aiosqlite's dialect, with one hop to the connection's thread for a statement instead of four.

A statement is begun, run, fetched and closed before anybody else is heard, so that a caller who is
cancelled can leave no cursor open and no lock behind.

Most reads take 20 to 60 µs, and the way to the thread and back takes 150. So a read begins on the
event loop itself. It waits for no lock (WAL). When it has taken SHORT_STEPS of SQLite's machine,
about half a millisecond, it is interrupted and run in the thread. That halves the processor time of
a request (one post 2.9 to 1.5 ms, a list of 20 from 4.9 to 2.0). Writes wait for the lock and for
the disk, so they run in the thread. So do statements with the execution option `in_thread`: a
full-text search can work for long within one step. In the thread a read is interrupted after
READ_WITHIN_S, or its option `within_s`; a write never is, since that would roll back all of it.
"""

import asyncio
import random
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

TRIED_WITH = {"sqlalchemy": ["2.1"], "aiosqlite": ["0.22"]}

LOCKED_FOR_AT_MOST_S = 10.0
READ_WITHIN_S = 10.0
SHORT_STEPS = 20_000
_AGAIN_AFTER_S = 0.05


class OneHopCursor:
    server_side = False
    arraysize = 1
    description: Any = None
    rowcount = -1
    lastrowid: int | None = None
    in_thread = False
    within_s = READ_WITHIN_S

    def __init__(self, connection: "OneHopConnection") -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> None:
        self._run(sqlite3.Cursor.execute, sql, parameters or ())

    def executemany(self, sql: str, parameters: Sequence[Any]) -> None:
        self._run(sqlite3.Cursor.executemany, sql, parameters)

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return [self._rows.popleft() for _ in range(min(size or 1, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks for it; the cursor of SQLite is closed already."""

    def setinputsizes(self, *_: Any) -> None:
        """The DB-API wants it; SQLite has no use for it."""

    def _run(self, method: Any, sql: str, parameters: Sequence[Any]) -> None:
        try:
            rows = await_(self._here_or_in_thread(method, sql, parameters))
        except Exception as error:  # noqa: BLE001 - translated and raised again
            self._connection._handle_exception(error)
        self._rows.extend(rows)

    async def _here_or_in_thread(
        self, method: Any, sql: str, parameters: Sequence[Any]
    ) -> Sequence[Any]:
        connection = self._connection
        if connection.only_reads and not self.in_thread:
            connection.is_here = True
            try:
                return self._step(method, sql, parameters)
            except sqlite3.OperationalError as error:
                if "interrupted" not in str(error):
                    raise
            finally:
                connection.is_here = False
        connection.is_in_thread = True  # and stays so when the caller is cancelled here
        try:
            async with connection.interrupted_after(self.within_s):
                driver = connection.driver_connection
                rows: Sequence[Any] = await driver._execute(self._step, method, sql, parameters)
        except sqlite3.Error:
            connection.is_in_thread = False
            raise
        connection.is_in_thread = False
        return rows

    def _step(self, method: Any, sql: str, parameters: Sequence[Any]) -> Sequence[Any]:
        database = self._connection.driver_connection._conn
        self._connection.begin_now(database)
        cursor = database.cursor()
        try:
            method(cursor, sql, parameters)
            self.description = cursor.description
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
            return cursor.fetchall() if cursor.description else ()
        finally:
            cursor.close()


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection that runs each statement at once; `begin` is run together with the first one."""

    __slots__ = ("begin", "is_here", "is_in_thread", "only_reads")

    begin: str | None
    only_reads: bool
    is_here: bool  # a statement runs on the event loop
    is_in_thread: bool

    @property
    def driver_connection(self) -> Any:
        return self._connection

    def cursor(self, server_side: bool = False) -> Any:
        del server_side
        return OneHopCursor(self)

    def read_only(self) -> None:
        """Let the statements begin on the event loop from now on."""
        self.driver_connection._conn.set_progress_handler(lambda: self.is_here, SHORT_STEPS)
        self.only_reads = True

    @asynccontextmanager
    async def interrupted_after(self, seconds: float) -> AsyncIterator[None]:
        """Interrupt what reads in the thread after a while, and when its caller is cancelled."""
        if not self.only_reads:
            yield
            return
        interrupt = self.driver_connection._conn.interrupt
        interrupting = asyncio.create_task(_call_after(seconds, interrupt))
        try:
            yield
        except asyncio.CancelledError:
            interrupt()
            raise
        finally:
            interrupting.cancel()

    def begin_now(self, database: sqlite3.Connection) -> None:
        """Begin the transaction, and wait for the write lock if it has to.

        SQLite's own waiting sleeps up to 100 ms at a time.
        """
        begin, self.begin = self.begin, None
        deadline = time.monotonic() + LOCKED_FOR_AT_MOST_S
        while begin:
            try:
                database.execute(begin).close()
                begin = None
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.0003, 0.0012))  # noqa: S311 - no secret

    def commit(self) -> None:
        if self.driver_connection.in_transaction:
            super().commit()

    def rollback(self) -> None:
        """Roll back at once, or after what the thread is doing. Nothing can cancel it."""
        self.begin = None
        driver = self.driver_connection
        if not driver._connection or not driver._running:
            return
        if self.is_in_thread:
            driver._tx.put_nowait((None, driver._conn.rollback))
        else:
            driver._conn.rollback()


async def _call_after(seconds: float, interrupt: Callable[[], None]) -> None:
    """Again and again, because SQLite forgets what comes before a statement begins."""
    await asyncio.sleep(seconds)
    while True:
        interrupt()
        await asyncio.sleep(_AGAIN_AFTER_S)


class OneHopModule(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *arguments: Any, **options: Any) -> OneHopConnection:
        made = super().connect(*arguments, **options)
        connection = OneHopConnection(self, made._connection)
        connection.begin = None
        connection.only_reads = connection.is_here = connection.is_in_thread = False
        return connection


class OneHopDialect(SQLiteDialect_aiosqlite):
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        stock = super().import_dbapi()
        return OneHopModule(stock.aiosqlite, stock.sqlite)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        if context is not None:
            cursor.in_thread = context.execution_options.get("in_thread", False)
            cursor.within_s = context.execution_options.get("within_s", READ_WITHIN_S)
        cursor.execute(statement, parameters)


registry.register("sqlite.onehop", __name__, "OneHopDialect")
