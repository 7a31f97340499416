"""The rows of an SQLite file, read and written in a thread.

SQLite keeps times as text and truth values as numbers: they are changed on the way.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Boolean, Executable, Table, delete, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from model.copying.rows import ROWS_AT_ONCE, CannotCopy, Row, numbered_tables
from model.database.address import sqlite_address
from model.database.statement import SQLITE
from model.database.table import Instant
from model.schema import migrated
from model.storage.store import make_durable

_DIALECT = sqlite.dialect()
_UNGUARDED = (  # nobody has the file yet: it is thrown away if anything goes wrong
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -65536",  # KiB
)
_TRUTH = {0: False, 1: True, None: None}

Convert = Callable[[Any], Any]
T = TypeVar("T")


class SQLiteRows:
    """The tables of a file. All of it runs in one thread, so that nobody waits for a disk."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    async def count(self, table: Table) -> int:
        cursor = await self.run(select(func.count()).select_from(table))
        return int(cursor.fetchone()[0])

    async def read(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        cursor = await self.run(select(table))
        convert = _converter([_from_sqlite(column.type) for column in table.columns])
        while found := await self.do(cursor.fetchmany, ROWS_AT_ONCE):
            yield [*map(convert, found)]

    async def fill(self, table: Table, rows: AsyncIterator[Sequence[Row]]) -> None:
        sql = SQLITE.prepared(insert(table), {}).sql
        convert = _converter([_to_sqlite(column.type) for column in table.columns])
        async for some in rows:
            await self.do(self._connection.executemany, sql, [*map(convert, some)])

    async def clear(self, table: Table) -> None:
        await self.run(delete(table))

    async def last_ids(self) -> Mapping[str, int]:
        cursor = await self.do(self._connection.execute, "SELECT name, seq FROM sqlite_sequence")
        given = dict(cursor.fetchall())
        return {table.name: given[table.name] for table in numbered_tables() if table.name in given}

    async def go_on_from(self, last_ids: Mapping[str, int]) -> None:
        await self.do(self._connection.execute, "DELETE FROM sqlite_sequence")
        numbered = "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)"
        await self.do(self._connection.executemany, numbered, [*last_ids.items()])

    async def require_whole(self) -> None:
        """Raises CannotCopy when something refers to what is not there."""
        cursor = await self.do(self._connection.execute, "PRAGMA foreign_key_check")
        if broken := await self.do(cursor.fetchone):
            table, row_id, referred, _ = broken
            raise CannotCopy(
                f"Row {row_id} of {table} refers to a row of {referred} that is not there."
            )

    async def run(self, statement: Executable) -> sqlite3.Cursor:
        prepared = SQLITE.prepared(statement, {})
        return await self.do(self._connection.execute, prepared.sql, prepared.parameters({}))

    async def do(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns, in the thread."""
        return await _in(self._thread, function, *arguments)


@asynccontextmanager
async def sqlite_rows(file: Path, *begin: str) -> AsyncIterator[SQLiteRows]:
    """The tables of a file, once it is opened and `begin` is executed.

    What is changed is committed at the end.
    """
    connect = partial(sqlite3.connect, check_same_thread=False, isolation_level=None, uri=True)
    with ThreadPoolExecutor(1) as thread:
        connection = await _in(thread, connect, _that_exists(file))
        try:
            for statement in begin:
                await _in(thread, connection.execute, statement)
            yield SQLiteRows(connection, thread)
            await _in(thread, connection.commit)
        finally:
            await _in(thread, connection.close)


def alone_in_sqlite(file: Path) -> AbstractAsyncContextManager[SQLiteRows]:
    """The same while nobody else has the file open. Raises sqlite3.OperationalError if he has."""
    return sqlite_rows(file, "PRAGMA journal_mode = DELETE", "BEGIN IMMEDIATE")


@asynccontextmanager
async def new_sqlite_file(file: Path) -> AsyncIterator[SQLiteRows]:
    """The tables of a new file, which has its name when it is whole and on the disk.

    Until then it is `<name>.part`; what a process that was killed has left there goes first.
    Raises CannotCopy when there is something under the name.
    """
    await asyncio.to_thread(_require_room, file)
    coming = file.with_name(f"{file.name}.part")
    remove_sqlite_file(coming)
    try:
        async with migrated(sqlite_address(coming)):
            pass  # it has the tables now
        async with sqlite_rows(coming, *_UNGUARDED, "BEGIN") as rows:
            yield rows
            await rows.require_whole()
        await asyncio.to_thread(_finish, coming, file)
    finally:
        remove_sqlite_file(coming)


def _that_exists(file: Path) -> str:
    """An address with which SQLite makes no file."""
    return f"{file.absolute().as_uri()}?mode=rw"


def _require_room(file: Path) -> None:
    if file.exists():
        raise CannotCopy(f"There is something at {file}: name a new file.")
    if not file.parent.is_dir():
        raise CannotCopy(f"There is no folder {file.parent}.")


def _finish(coming: Path, file: Path) -> None:
    with coming.open("rb+") as written:
        os.fsync(written.fileno())
    coming.replace(file)
    make_durable(file.parent)


def remove_sqlite_file(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


async def _in(thread: ThreadPoolExecutor, function: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, function, *arguments)


def _from_sqlite(kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, Boolean):
        return _TRUTH.__getitem__
    return kind.result_processor(_DIALECT, None) if isinstance(kind, Instant) else None


def _to_sqlite(kind: TypeEngine[Any]) -> Convert | None:
    return kind.bind_processor(_DIALECT) if isinstance(kind, Instant) else None


def _converter(conversions: Sequence[Convert | None]) -> Callable[[Row], Row]:
    """What changes the values of a row, each in its own way."""
    changed = [(place, convert) for place, convert in enumerate(conversions) if convert]

    def convert(row: Row) -> Row:
        values = list(row)
        for place, change in changed:
            values[place] = change(values[place])
        return tuple(values)

    return convert if changed else tuple
