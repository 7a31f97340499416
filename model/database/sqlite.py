"""SQLite: what is short runs on the event loop, and what may take long in the connection's thread.

Most statements take 5 to 60 µs, and the way to the thread and back takes 150. A statement is begun,
run, fetched and closed before anybody else is heard, so that a caller who is cancelled can leave no
cursor open and no lock behind.

A read waits for no lock (WAL), so it begins on the event loop. When it has taken SHORT_STEPS of
SQLite's machine, about half a millisecond, it is interrupted and run in the thread. There it is
interrupted after READ_WITHIN_S, or what `end_within` says, and when its caller is cancelled.

A write is never interrupted, since SQLite would roll back its whole transaction. It waits for the
lock without holding anybody up, changes a few rows on the event loop, and waits for the disk in the
thread, where its COMMIT runs.

To the thread also goes what has the execution option `in_thread`, such as a full-text search, which
can work for long within one step; what deletes rows that others refer to; and what is run for each
of more than a few rows.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Executable, NullPool, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from model.database.connection import Connections, Values
from model.database.failure import is_of_disk
from model.database.row import AnyRow
from model.database.session import JOINED_SQLITE
from model.database.statement import SQLITE, Prepared
from model.database.watcher import Watcher
from model.errors import DiskFailed, TryAgain

TRIED_WITH = {"sqlalchemy": ["2.1"], "aiosqlite": ["0.22"]}

LOCKED_FOR_AT_MOST_S = 10.0
READ_WITHIN_S = 10.0
SHORT_STEPS = 20_000
_AGAIN_AFTER_S = 0.05
_STATEMENTS_KEPT = 500
_FEW_ROWS = 50

T = TypeVar("T")
Found = tuple[Sequence[Any], int, Sequence[Any]]
"""The rows, how many were changed, and the descriptions of the columns."""


class SQLiteConnection:
    """A connection of those who read."""

    is_sqlite = True
    locks_rows = False
    only_reads = True

    def __init__(self, connection: AsyncConnection, driver: Any, watcher: Watcher) -> None:
        self.sqlalchemy = connection
        self._driver, self._watcher = driver, watcher
        self._sqlite: sqlite3.Connection = driver._conn
        self._is_interruptible = self._is_working = self._is_broken = False
        self._sqlite.set_progress_handler(lambda: self._is_interruptible, SHORT_STEPS)
        self._within_s = READ_WITHIN_S

    @property
    def is_usable(self) -> bool:
        return self._is_open and not (self._is_broken or self._sqlite.in_transaction)

    @property
    def _is_open(self) -> bool:
        return not (self.sqlalchemy.closed or self.sqlalchemy.invalidated)

    async def begin(self, *, once: bool = False) -> None:
        self._within_s = READ_WITHIN_S
        if not once:
            self._sqlite.execute("BEGIN")

    async def rows(self, statement: Executable, values: Values) -> Sequence[AnyRow]:
        prepared = SQLITE.prepared(statement, values)
        rows, _, columns = await self._run(prepared, self._execute, prepared.parameters(values))
        return prepared.rows(rows, (column[0] for column in columns))

    async def run(self, statement: Executable, values: Values) -> int:
        prepared = SQLITE.prepared(statement, values)
        _, changed, _ = await self._run(prepared, self._execute, prepared.parameters(values))
        return changed

    async def run_for_each(self, statement: Executable, rows: Sequence[Values]) -> None:
        prepared = SQLITE.prepared(statement, rows[0])
        parameters = [prepared.parameters(row) for row in rows]
        await self._run(prepared, self._execute_many, parameters, are_many=len(rows) > _FEW_ROWS)

    def end_within(self, seconds: float) -> None:
        self._within_s = seconds

    async def commit(self) -> None:
        """Raises sqlite3.Error; whoever is cancelled meanwhile waits until it is done."""
        began = time.monotonic()
        try:
            await self._in_thread(self._sqlite.commit)
        except sqlite3.Error as error:
            self._note_failure(error)
            raise
        finally:
            self._watcher.ran("COMMIT", time.monotonic() - began)

    async def rollback(self) -> None:
        with suppress(sqlite3.Error):  # then it is not usable
            self._sqlite.rollback()

    async def close(self) -> None:
        await self.sqlalchemy.close()

    def interrupt_for_good(self) -> None:
        """End what reads, even if it has not begun yet. A write could not be rolled back then."""
        if self.only_reads:
            self._is_interruptible = True
            self._sqlite.interrupt()

    async def _run(
        self,
        prepared: Prepared,
        execute: Callable[[str, Any], T],
        parameters: Sequence[Any],
        *,
        are_many: bool = False,
    ) -> T:
        if self._is_working:
            raise RuntimeError("a unit of work runs one statement at a time")
        began = time.monotonic()
        try:
            if not (prepared.in_thread or are_many):
                self._is_interruptible = self.only_reads or prepared.only_reads
                try:
                    return execute(prepared.sql, parameters)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                        raise
                finally:
                    self._is_interruptible = False
            return await self._in_thread(execute, prepared.sql, parameters)
        except sqlite3.Error as error:
            error.add_note(prepared.sql)
            self._note_failure(error)
            raise
        finally:
            self._watcher.ran(prepared, time.monotonic() - began)

    def _note_failure(self, error: sqlite3.Error) -> None:
        self._is_broken = self._is_broken or is_of_disk(error)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> Found:
        cursor = self._sqlite.execute(sql, parameters)
        try:
            return cursor.fetchall(), cursor.rowcount, cursor.description or ()
        finally:
            cursor.close()

    def _execute_many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        self._sqlite.executemany(sql, parameters).close()

    async def _in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns. The thread is done with it when this ends, however it ends."""
        working: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._driver._tx.put_nowait((working, partial(function, *arguments)))
        self._is_working = True
        try:
            await asyncio.wait({working}, timeout=self._within_s if self.only_reads else None)
        finally:
            await self._done(working)
        return working.result()

    async def _done(self, working: asyncio.Future[Any]) -> None:
        """Wait for it, however often the caller is cancelled; what reads is interrupted."""
        cancelled = None
        while not working.done():
            if self.only_reads:
                self._sqlite.interrupt()  # again and again: it forgets what comes before it begins
            try:
                await asyncio.wait({working}, timeout=_AGAIN_AFTER_S)
            except asyncio.CancelledError as error:
                cancelled = error
        self._is_working = False
        working.exception()  # it is known now, also if nobody asks for the result
        if cancelled:
            raise cancelled


class SQLiteWriter(SQLiteConnection):
    """The connection of those who write."""

    only_reads = False

    def __init__(self, connection: AsyncConnection, driver: Any, watcher: Watcher) -> None:
        super().__init__(connection, driver, watcher)
        event.listen(connection.sync_connection, "before_cursor_execute", self._require_transaction)

    async def begin(self, *, once: bool = False) -> None:
        """Wait for the lock. Raises sqlite3.OperationalError after LOCKED_FOR_AT_MOST_S.

        SQLite's own waiting sleeps up to 100 ms at a time, and holds up its thread.
        """
        del once  # what writes does not
        began = time.monotonic()
        try:
            await self._begin(until=began + LOCKED_FOR_AT_MOST_S)
        finally:
            self._watcher.ran("BEGIN IMMEDIATE", time.monotonic() - began)

    async def _begin(self, *, until: float) -> None:
        while True:
            try:
                self._sqlite.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    self._note_failure(error)
                    raise
            else:
                return
            await asyncio.sleep(random.uniform(0.0003, 0.0012))  # noqa: S311 - no secret

    async def _run(self, prepared: Prepared, *how: Any, **options: Any) -> Any:
        self._require_transaction()
        return await super()._run(prepared, *how, **options)

    def _note_failure(self, error: sqlite3.Error) -> None:
        """Raises DiskFailed where the file can only be read: another connection may write again."""
        super()._note_failure(error)
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
            self._is_broken = True
            raise DiskFailed from error

    def _require_transaction(self, *_: object) -> None:
        """Raises TryAgain: a statement out of the transaction would be committed by itself."""
        if not self.in_transaction:
            raise TryAgain

    @property
    def in_transaction(self) -> bool:
        """SQLite may have rolled it back (the disk is full), or a cancelled session ended it."""
        return self._is_open and self._sqlite.in_transaction

    @contextmanager
    def part(self) -> Iterator[None]:
        """Keep what is done within as a part of the transaction, or nothing of it."""
        self._sqlite.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._undo_part()
            raise
        self._require_transaction()
        self._sqlite.execute("RELEASE part")

    def _undo_part(self) -> None:
        try:
            if self.in_transaction:
                self._sqlite.execute("ROLLBACK TO part")
                self._sqlite.execute("RELEASE part")
        except sqlite3.Error:
            self._sqlite.rollback()


def sqlite_readers(
    url: URL, synchronous: str, watcher: Watcher, most: int
) -> Connections[SQLiteConnection]:
    connect = partial(_connect, SQLiteConnection, url, synchronous, watcher)
    return Connections(connect, most, watcher)


def sqlite_writer(url: URL, synchronous: str, watcher: Watcher) -> Connections[SQLiteWriter]:
    connect = partial(_connect, SQLiteWriter, url, synchronous, watcher)
    return Connections(connect, 1, watcher)


C = TypeVar("C", bound=SQLiteConnection)


async def _connect(kind: type[C], url: URL, synchronous: str, watcher: Watcher) -> C:
    """A new connection. Whoever is cancelled meanwhile waits until its thread has ended."""
    connecting = asyncio.ensure_future(_connected(kind, url, synchronous, watcher))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await asyncio.wait({connecting})
        if not connecting.exception():
            await connecting.result().close()
        raise


async def _connected(kind: type[C], url: URL, synchronous: str, watcher: Watcher) -> C:
    _require_file(Path(str(url.database)))
    engine = create_async_engine(
        url.set(drivername=JOINED_SQLITE),
        poolclass=NullPool,
        pool_reset_on_return=None,  # every unit of work ends its own transaction
        hide_parameters=True,
        connect_args={
            "isolation_level": None,
            "timeout": LOCKED_FOR_AT_MOST_S,
            "cached_statements": _STATEMENTS_KEPT,
        },
    )

    @event.listens_for(engine.sync_engine, "close")
    def give_back_the_lock(connection: Any, _: object) -> None:
        """A cursor that a cancelled session has left open would keep it."""
        driver = connection.driver_connection
        if made is not None:
            made.interrupt_for_good()
        driver._tx.put_nowait((None, driver._conn.rollback))

    made: C | None = None
    connection = await engine.connect()
    try:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver._execute(_set_up, driver._conn, synchronous, kind.only_reads)
    except BaseException:
        await connection.close()
        raise
    made = kind(connection, driver, watcher)
    return made


def _require_file(file: Path) -> None:
    """Raises DiskFailed where SQLite would make an empty database: it was there at the start."""
    if not file.exists():
        raise DiskFailed


def _set_up(database: sqlite3.Connection, synchronous: str, only_reads: bool) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    database.execute(f"PRAGMA synchronous = {synchronous}")
    database.execute(f"PRAGMA query_only = {only_reads}")
    if not only_reads:
        database.execute("PRAGMA busy_timeout = 0")  # from now on it waits by itself, to begin
    # SQLite's own knows ASCII only: "Ärger" would not be found by "ärger"
    database.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None
