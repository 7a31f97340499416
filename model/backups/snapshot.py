"""A copy of a database as it is at one moment, in a new SQLite file, and what is in it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from model.collector import IS_NEEDED
from model.copying.copy import copy_all
from model.database.address import sqlite_address
from model.database.failure import FAILURES, refuse
from model.database.unit_of_work import Database
from model.storage.blob import Blob, Blobs

_LOOKED_AT_EVERY_S = 0.2
_INTERRUPTED_EVERY_S = 0.05

_POSTGRESQL_BYTES = select(func.pg_database_size(func.current_database()))
_TABLES = """
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'post_search*'
"""
_needed = select(Blobs.id, Blobs.sha256, Blobs.size_bytes).where(IS_NEEDED).order_by(Blobs.id)
_NEEDED = str(_needed.compile(dialect=sqlite.dialect()))


@dataclass(frozen=True)
class Content:
    """What a database has in it; `rows` counts those of each table."""

    size_bytes: int
    head: str
    epoch: str
    rows: dict[str, int]


async def copy_database(database: Database, copy: Path, told: Callable[[int], None]) -> None:
    """Copy a database into a new file; nobody who writes waits for it.

    `told` is called with how many bytes of it are done. Raises StorageFull, TryAgain, CannotCopy.
    """
    try:
        if database.is_sqlite:
            async with _watched(copy, told):
                await _vacuum_into(copy, _file(database))
        else:
            size_bytes = await bytes_of(database)
            await copy_all(
                database.address,
                sqlite_address(copy),
                lambda percent: told(percent * size_bytes // 100),
            )
    except FAILURES as error:
        refuse(error)


async def bytes_of(database: Database) -> int:
    """How many bytes a database takes."""
    if not database.is_sqlite:
        async with database.read() as db:
            return int(await db.scalar_one(_POSTGRESQL_BYTES))
    return (await asyncio.to_thread(_file(database).stat)).st_size


def content_of(copy: Path) -> Content:
    """What a copy has in it. This blocks."""
    with closing(sqlite3.connect(copy)) as opened:
        (head,) = opened.execute("SELECT head FROM schema").fetchone()
        (epoch,) = opened.execute("SELECT name FROM epochs").fetchone()
        rows = {}
        for (table,) in opened.execute(_TABLES).fetchall():
            counted = f'SELECT count(*) FROM "{table}"'  # noqa: S608 - a name of ours
            (rows[table],) = opened.execute(counted).fetchone()
    return Content(copy.stat().st_size, head, epoch, dict(sorted(rows.items())))


def needed_blobs(copy: Path) -> list[Blob]:
    """Those blobs, whose bytes belong to a copy. This blocks."""
    with closing(sqlite3.connect(copy)) as opened:
        return [Blob(*row) for row in opened.execute(_NEEDED)]


def _file(database: Database) -> Path:
    assert database.address.database, "a database in memory has no file"
    return Path(database.address.database)


async def _vacuum_into(copy: Path, source: Path) -> None:
    """Have SQLite copy in one step: a copy in small steps begins again with every commit."""
    with closing(
        sqlite3.connect(source, isolation_level=None, check_same_thread=False)
    ) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # of the copy: it is packed, and thrown away
        working = asyncio.ensure_future(
            asyncio.to_thread(connection.execute, "VACUUM INTO ?", (str(copy),))
        )
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError:
            while not working.done():
                connection.interrupt()  # again and again: it forgets what comes before it begins
                await asyncio.wait({working}, timeout=_INTERRUPTED_EVERY_S)
            working.exception()  # it is known
            raise


@asynccontextmanager
async def _watched(file: Path, told: Callable[[int], None]) -> AsyncIterator[None]:
    """Tell the size of a file that grows, until the end of the block."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(_LOOKED_AT_EVERY_S)
            with suppress(FileNotFoundError):
                told((await asyncio.to_thread(file.stat)).st_size)

    watching = asyncio.ensure_future(watch())
    try:
        yield
    finally:
        watching.cancel()
