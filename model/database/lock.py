"""Locks between processes that end with their holder, even when that is killed.

On PostgreSQL a lock is an advisory one of a transaction that stays open and does nothing else. It
holds nobody up; behind a pooler a session would not stay the holder's. On SQLite it is a
transaction on a file of its own: the system's lock on that file ends with the process, on every
platform.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from model.database.engine import Patience, postgresql_engine
from model.database.server import Server
from model.database.unit_of_work import Database

_SERVING = "serving.lock"
_BEGIN_TO_READ = ("BEGIN", "SELECT name FROM sqlite_master")
_TRIED_FOR_S = 1  # somebody may just have asked whether he is alone, or may just have gone
_TRIED_EVERY_S = 0.05
_LOOK_EVERY_S = 15

UntilLost = Callable[[], Awaitable[object]]


class InUse(Exception):
    """The message is one line for whoever wanted the database."""


@asynccontextmanager
async def serving(address: URL, instance: Path) -> AsyncIterator[UntilLost]:
    """Use the database beside others, but not while it is restored or moved: raises InUse then.

    What is yielded returns when the lock is lost: PostgreSQL was restarted, or is out of reach.
    """
    reason = "The database is being restored or moved: try again when that is done."
    if address.get_backend_name() == "sqlite":
        with _begun(instance / _SERVING, *_BEGIN_TO_READ, wait_s=_TRIED_FOR_S) as is_ours:
            if not is_ours:
                raise InUse(reason)
            yield asyncio.Event().wait
        return
    shared = "pg_try_advisory_xact_lock_shared"
    async with _advisory(address, Server(), shared, _SERVING, _TRIED_FOR_S) as holder:
        if holder is None:
            raise InUse(reason)
        yield partial(_until_lost, holder)


@asynccontextmanager
async def exclusive(address: URL, instance: Path) -> AsyncIterator[None]:
    """Have the database alone, to restore or to move it. Raises InUse while anybody uses it."""
    reason = "The database is in use: stop every server first."
    if address.get_backend_name() == "sqlite":
        with _begun(instance / _SERVING, "BEGIN EXCLUSIVE") as is_ours:
            if not is_ours:
                raise InUse(reason)
            yield
        return
    alone = "pg_try_advisory_xact_lock"
    async with _advisory(address, Server(), alone, _SERVING, _TRIED_FOR_S) as holder:
        if holder is None:
            raise InUse(reason)
        yield


@asynccontextmanager
async def taken(database: Database, file: Path) -> AsyncIterator[bool]:
    """Whether the lock was free: then it is held until the end of the block.

    Nobody waits for it. With SQLite it is on `file`, elsewhere on a number made of its name.
    """
    if database.is_sqlite:
        with locked(file) as is_ours:
            yield is_ours
        return
    address, server = database.address, database.server
    async with _advisory(address, server, "pg_try_advisory_xact_lock", file.name) as holder:
        yield holder is not None


@contextmanager
def locked(file: Path, *, wait_s: float = 0) -> Iterator[bool]:
    """Whether the lock on a file was free: then it is held until the end of the block.

    The file is made if it is not there. Of those who try at the same moment one gets the lock;
    whoever waits for it blocks, so that belongs in a thread.
    """
    # of two who begin exclusively both may fail
    with _begun(file, "BEGIN IMMEDIATE", wait_s=wait_s) as is_ours:
        yield is_ours


@contextmanager
def _begun(file: Path, *begin: str, wait_s: float = 0) -> Iterator[bool]:
    with closing(sqlite3.connect(file, timeout=wait_s, isolation_level=None)) as holder:
        yield _has_begun(holder, begin)


def _has_begun(holder: sqlite3.Connection, begin: Sequence[str]) -> bool:
    try:
        for statement in begin:
            holder.execute(statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


@asynccontextmanager
async def _advisory(
    address: URL, server: Server, function: str, name: str, tried_for_s: float = 0
) -> AsyncIterator[AsyncConnection | None]:
    """The connection that holds the lock, or None. The name has seven letters and a suffix."""
    patience = Patience(lock_s=2, statement_s=5, next_s=0)  # for ever
    engine = postgresql_engine(address, "READ COMMITTED", server, patience)
    lock = int.from_bytes(name.partition(".")[0].encode())
    try:
        async with engine.connect() as connection:
            statement = text(f"SELECT {function}(:lock)").bindparams(lock=lock)
            try:
                is_ours = await _tried(connection, statement, tried_for_s)
                yield connection if is_ours else None
            finally:
                await connection.invalidate()  # which waits for no answer
    finally:
        await engine.dispose()


async def _tried(connection: AsyncConnection, lock: Executable, for_s: float) -> bool:
    """Whether the lock is ours: PostgreSQL learns a moment later that who had it is gone."""
    deadline = time.monotonic() + for_s
    while not await connection.scalar(lock):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_TRIED_EVERY_S)
    return True


async def _until_lost(holder: AsyncConnection) -> None:
    lost = asyncio.Event()
    driver: Any = (await holder.get_raw_connection()).driver_connection
    driver.add_termination_listener(lambda _: lost.set())
    with suppress(DBAPIError, OSError):
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await lost.wait()
            await holder.execute(text("SELECT 1"))
