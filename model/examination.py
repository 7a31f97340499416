"""A look at the database from outside, which changes nothing: for whoever asks what is wrong."""

import math
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, inspect, select, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from model.act import Acts
from model.database.engine import SOMEBODY_WAITS, postgresql_engine
from model.database.server import Server
from model.database.table import Base, now
from model.schema import SchemaMismatch, describe_schema

_LOCKED_FOR_AT_MOST_S = 1
_LOOKED_THROUGH_WITHIN_S = 10
_TIMES_ASKED = 5
_STEPS = 1_000_000  # of SQLite's machine, between two looks at the time

_LAST_ACT = select(Acts.at).order_by(Acts.id.desc()).limit(1)
_SERVER = text(
    "SELECT current_setting('server_version') AS version,"
    " current_setting('server_version_num')::int AS version_number,"
    " current_setting('server_encoding') AS encoding,"
    " current_setting('max_connections')::int AS most_connections,"
    " current_setting('transaction_read_only') = 'on' AS only_reads,"
    " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,"
    " clock_timestamp() AS at"
)
_MAY_CHANGE = text(
    "SELECT coalesce(bool_and(has_table_privilege(c.oid, 'SELECT')"
    " AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')"
    " AND has_table_privilege(c.oid, 'DELETE')), true) FROM pg_class AS c"
    " WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind = 'r'"
    " AND c.relname = ANY(:names)"
)


@dataclass(frozen=True)
class Contents:
    """`schema` says how it fits this code, and `mismatch` why it does not."""

    schema: str
    mismatch: str | None
    last_act_at: datetime | None


@dataclass(frozen=True)
class ExaminedFile:
    """`damage` is what SQLite says; None also when there was no time to look through all of it."""

    contents: Contents
    damage: str | None
    is_locked: bool


@dataclass(frozen=True)
class ExaminedServer:
    """`answers_after_s` is the way there and back; `clock_ahead_s` is this machine's clock."""

    contents: Contents
    version: str
    version_number: int
    encoding: str
    most_connections: int
    only_reads: bool
    may_create: bool
    may_change: bool
    is_pooled: bool
    answers_after_s: float
    clock_ahead_s: float


def examine_sqlite(file: Path) -> ExaminedFile:
    """Look through a file, for ten seconds at most. Raises sqlite3.Error."""

    def opened() -> sqlite3.Connection:
        address = f"{file.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(address, uri=True, timeout=_LOCKED_FOR_AT_MOST_S)

    with closing(opened()) as driver:
        is_locked, damage = _is_locked(driver), _damage(driver)
    engine = create_engine("sqlite://", creator=opened, poolclass=NullPool)
    with engine.connect() as connection:
        return ExaminedFile(_contents(connection), damage, is_locked)


async def examine_postgresql(address: URL) -> ExaminedServer:
    """Ask the server about itself. Raises DBAPIError and OSError."""
    server = Server()
    engine = postgresql_engine(address, "READ COMMITTED", server, SOMEBODY_WAITS)
    try:
        async with engine.connect() as connection:
            return await _examined(connection, is_pooled=not server.keeps_limits)
    finally:
        await engine.dispose()


async def _examined(connection: AsyncConnection, *, is_pooled: bool) -> ExaminedServer:
    answered_after_s = math.inf
    for _ in range(_TIMES_ASKED):
        began = time.perf_counter()
        found = (await connection.execute(_SERVER)).one()
        clock_ahead_s = (now() - found.at).total_seconds()
        answered_after_s = min(answered_after_s, time.perf_counter() - began)
    names = list(Base.metadata.tables)
    may_change = await connection.scalar(_MAY_CHANGE, {"names": names})
    return ExaminedServer(
        await connection.run_sync(_contents),
        version=found.version.split()[0],
        version_number=found.version_number,
        encoding=found.encoding,
        most_connections=found.most_connections,
        only_reads=found.only_reads,
        may_create=found.may_create,
        may_change=bool(may_change),
        is_pooled=is_pooled,
        answers_after_s=answered_after_s,
        clock_ahead_s=clock_ahead_s,
    )


def _is_locked(driver: sqlite3.Connection) -> bool:
    """Whether somebody holds the lock of those who write, for a second."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return True
        raise
    driver.rollback()
    return False


def _damage(driver: sqlite3.Connection) -> str | None:
    until = time.monotonic() + _LOOKED_THROUGH_WITHIN_S
    driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        said: str = driver.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        driver.set_progress_handler(None, 0)
    return None if said == "ok" else said


def _contents(connection: Connection) -> Contents:
    try:
        schema, mismatch = describe_schema(connection), None
    except SchemaMismatch as error:
        schema, mismatch = "", str(error)
    if not inspect(connection).has_table(Acts.__tablename__):
        return Contents(schema, mismatch, None)
    return Contents(schema, mismatch, connection.scalar(_LAST_ACT))
