"""A lock between processes that ends with its holder, even when that is killed.

On PostgreSQL it is an advisory lock of a transaction that stays open and does nothing else. It
holds nobody up; behind a pooler a session would not stay the holder's. On SQLite it is a
transaction on a file of its own: the system's lock on that file ends with the process, on every
platform.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from sqlalchemy import text

from model.database.engine import Patience, postgresql_engine
from model.database.unit_of_work import Database


@asynccontextmanager
async def taken(database: Database, file: Path) -> AsyncIterator[bool]:
    """Whether the lock was free: then it is held until the end of the block.

    Nobody waits for it. With SQLite it is on `file`, elsewhere on a number made of its name.
    """
    if database.is_sqlite:
        with locked(file) as is_ours:
            yield is_ours
        return
    patience = Patience(lock_s=2, statement_s=5, next_s=0)  # for ever
    engine = postgresql_engine(database.address, "READ COMMITTED", database.server, patience)
    try:
        async with engine.connect() as connection:
            statement = text("SELECT pg_try_advisory_xact_lock(:lock)")
            lock = int.from_bytes(file.stem.encode())  # of up to seven letters
            try:
                yield bool(await connection.scalar(statement, {"lock": lock}))
            finally:
                await connection.invalidate()  # which waits for no answer
    finally:
        await engine.dispose()


@contextmanager
def locked(file: Path, *, wait_s: float = 0) -> Iterator[bool]:
    """Whether the lock on a file was free: then it is held until the end of the block.

    The file is made if it is not there. Of those who try at the same moment one gets the lock;
    whoever waits for it blocks, so that belongs in a thread.
    """
    with closing(sqlite3.connect(file, timeout=wait_s, isolation_level=None)) as holder:
        yield _has_begun(holder)


def _has_begun(holder: sqlite3.Connection) -> bool:
    try:
        holder.execute("BEGIN IMMEDIATE")  # of two who begin exclusively both may fail
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True
