"""Copies all rows of a database, as they are at one moment, into another one of any kind.

What was written is read again and compared before anybody gets to see it. Ids, numbers of events
and the epoch stay what they are. The index of the search is made by the database itself.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from model.copying.postgresql import PostgreSQLRows, driver_of, postgresql_rows
from model.copying.rows import CannotCopy, Row, Rows, all_tables
from model.copying.sqlite import new_sqlite_file, sqlite_rows
from model.database.table import Base
from model.log.event import Epochs
from model.schema import Schema, SchemaMismatch, code_head, migrated

_NEVER_EMPTY = [Base.metadata.tables[of.__tablename__] for of in (Schema, Epochs)]


async def copy_all(source: URL, target: URL, told: Callable[[int], None]) -> dict[str, int]:
    """Copy all rows into a new SQLite file, or into a PostgreSQL database that has none.

    The number of rows by the name of the table. All are there at the end, or none; `told` is
    called with what percentage is done, now and then. Raises SchemaMismatch and CannotCopy.
    """
    async with rows_of(source) as there, new_rows(target) as here:
        return await copy_rows(there, here, told)


def rows_of(source: URL) -> AbstractAsyncContextManager[Rows]:
    """The tables of a database in one snapshot."""
    if source.get_backend_name() == "sqlite":
        return sqlite_rows(file_of(source), "BEGIN")
    return postgresql_rows(source)


def new_rows(target: URL) -> AbstractAsyncContextManager[Rows]:
    """The tables to fill: all that is done with them is there at the end, or nothing of it."""
    if target.get_backend_name() == "sqlite":
        return new_sqlite_file(file_of(target))
    return _new_rows_in_postgresql(target)


@asynccontextmanager
async def _new_rows_in_postgresql(target: URL) -> AsyncIterator[Rows]:
    async with migrated(target) as connection:
        yield PostgreSQLRows(await driver_of(connection))


async def copy_rows(source: Rows, target: Rows, told: Callable[[int], None]) -> dict[str, int]:
    """Copy all rows, read them again, and compare. Raises CannotCopy.

    Raises SchemaMismatch when the tables of the source are not those of this code.
    """
    async for [(_, head, _)] in source.read(Base.metadata.tables[Schema.__tablename__]):
        if head != code_head():
            raise SchemaMismatch(
                f"The database is not of this code: {head}, this is {code_head()}."
            )
    for table in all_tables():
        if table not in _NEVER_EMPTY and await target.count(table):
            raise CannotCopy("There is something in that database: name a new one.")
    for table in _NEVER_EMPTY:
        await target.clear(table)
    total = sum([await source.count(table) for table in all_tables()])
    progress = _Progress(2 * total, told)
    sums = {}
    for table in all_tables():
        sums[table] = _Sum()
        await target.fill(table, progress.over(sums[table].over(source.read(table))))
    await target.go_on_from(await source.last_ids())
    for table, written in sums.items():
        found = _Sum()
        async for _ in progress.over(found.over(target.read(table))):
            pass
        if found != written:
            raise CannotCopy(f"The rows of {table.name} are not the same when they are read again.")
    return {table.name: written.rows for table, written in sums.items()}


@dataclass
class _Sum:
    """Of some rows, in whatever order: how many there are, and what their hashes make together."""

    rows: int = 0
    hashes: int = 0

    async def over(self, rows: AsyncIterator[Sequence[Row]]) -> AsyncIterator[Sequence[Row]]:
        async for some in rows:
            self.rows += len(some)
            self.hashes += sum(map(hash, some))
            yield some


class _Progress:
    """Tells the percentage of `total` rows each time that it is a greater one."""

    def __init__(self, total: int, told: Callable[[int], None]) -> None:
        self._total, self._done, self._percent = total, 0, 0
        self._told = told

    async def over(self, rows: AsyncIterator[Sequence[Row]]) -> AsyncIterator[Sequence[Row]]:
        async for some in rows:
            yield some
            self._done += len(some)
            percent = min(100, self._done * 100 // max(1, self._total))
            if percent > self._percent:
                self._percent = percent
                self._told(percent)


def file_of(url: URL) -> Path:
    assert url.database, "a database in memory has no file"
    return Path(url.database)
