"""The database: the base of all tables, and the two units of work that everything happens in.

`read()` is one snapshot. `write()` is one transaction that holds the write lock from its first
statement (SQLite) or locks the rows that its finders return (PostgreSQL). Only the database is
awaited inside `write()`: hashes, mails and bytes come before or after.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Executable,
    Integer,
    MetaData,
    Row,
    Select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from model.database.engine import NOBODY_FREE_AFTER_S, postgresql_engine, sqlite_engine
from model.errors import StorageFull, TryAgain

READERS, WRITERS = 4, 4  # connections of a worker; SQLite has one writer
MAX_ID = 2**63 - 1

# PostgreSQL: serialisation failure, deadlock, lock not available, shutdown, too many connections
TRANSIENT_SQLSTATES = {"40001", "40P01", "55P03", "57P01", "57P03", "53300"}
TRANSIENT_IN_SQLITE = "database is locked"
FOREIGN_KEY = "23503"
FOREIGN_KEY_IN_SQLITE = "FOREIGN KEY constraint failed"
DISK_FULL = "53100"
FULL_IN_SQLITE = "database or disk is full"


class Instant(TypeDecorator[datetime]):
    """An aware time in UTC on both databases; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """A class is a table, named in the plural; rows are read as they are selected."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        int: BigInteger().with_variant(Integer, "sqlite"),
        datetime: Instant,
    }


def one_of(choices: type[StrEnum], name: str) -> Enum:
    """A column that takes the values of an enumeration, kept by a CHECK named `name`."""
    return Enum(
        choices,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda enum: [str(choice) for choice in enum],
    )


class MissingReference(Exception):
    """A row refers to one that is not there: a bug, unless that one has just been deleted."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Finder:
    """A statement that finds one thing; `locking` also locks its rows until the commit."""

    reading: Select[*tuple[Any, ...]]
    locking: Select[*tuple[Any, ...]]


def finder(statement: Select[*tuple[Any, ...]], *, locks: Sequence[type[Base]]) -> Finder:
    """`locks` are the tables whose rows a write has to itself; nothing is locked to read."""
    return Finder(statement, statement.with_for_update(of=list(locks), key_share=True))


class Transaction:
    """A unit of work: what model functions get as `db`. Values are bound by their names."""

    def __init__(self, connection: AsyncConnection, *, writing: bool, tx: str | None = None):
        """`tx` names the request or command; events carry it."""
        self.connection = connection
        self.locks_rows = writing and connection.dialect.name != "sqlite"
        self.tx = tx
        self.notes: list[Any] = []  # events to come: model/log/event.py
        self.forgotten: set[str] = set()  # topics whose events so far go
        self.topics: Collection[str] = ()  # those that the commit has written to
        self.before_commit: Callable[[Transaction], Awaitable[None]] | None = None

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: Executable, **values: Any) -> Row[*tuple[Any, ...]] | None:
        return (await self.connection.execute(statement, values)).first()

    async def scalar(self, statement: Executable, **values: Any) -> Any:
        return (await self.connection.execute(statement, values)).scalar()

    async def find(self, thing: Finder, **values: Any) -> Row[*tuple[Any, ...]] | None:
        """To write, lock first: what is read then is as everybody before has left it.

        After it has waited, PostgreSQL reads only the locked rows anew and the others as they were:
        what is not found then is looked for once more.
        """
        if self.locks_rows:
            locked = await self.first(thing.locking, **values)
            if locked is None and await self.first(thing.locking, **values) is None:
                return None
        return await self.first(thing.reading, **values)

    async def run(self, statement: Executable, **values: Any) -> int:
        """How many rows it changed."""
        return (await self.connection.execute(statement, values)).rowcount

    async def run_for_each(self, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            await self.connection.execute(statement, rows)


class Database:
    """Connects on first use. `committed` is told the topics of each commit with events."""

    def __init__(self, url: str, *, synchronous: str = "FULL") -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.committed: Callable[[Collection[str]], None] = lambda _: None
        self._one_writer = asyncio.Lock()
        if self.is_sqlite:
            self.readers = sqlite_engine(parsed, "BEGIN", READERS, synchronous)
            self.writers = sqlite_engine(parsed, "BEGIN IMMEDIATE", 1, synchronous)
        else:
            self.readers = postgresql_engine(parsed, READERS, "REPEATABLE READ").execution_options(
                postgresql_readonly=True
            )
            self.writers = postgresql_engine(parsed, WRITERS, "READ COMMITTED")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """One snapshot of everything."""
        try:
            async with self.readers.connect() as connection:
                yield Transaction(connection, writing=False)
        except (DBAPIError, NoConnectionFree, OSError) as error:
            raise _refusal_or(error) from error

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        """Commits at the end, with the noted events; an exception rolls all of it back."""
        try:
            async with self._alone(), self.writers.connect() as connection:
                db = Transaction(connection, writing=True, tx=tx)
                yield db
                if db.before_commit:
                    await db.before_commit(db)
                await connection.commit()
        except (DBAPIError, NoConnectionFree, OSError) as error:
            raise _refusal_or(error) from error
        if db.topics:
            self.committed(db.topics)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """SQLite: one writer of this process after another; who waits too long is refused."""
        if not self.is_sqlite:
            yield
            return
        async with asyncio.timeout(NOBODY_FREE_AFTER_S):
            await self._one_writer.acquire()
        try:
            yield
        finally:
            self._one_writer.release()

    async def close(self) -> None:
        await self.readers.dispose()
        await self.writers.dispose()


def _refusal_or(error: Exception) -> Exception:
    """What may succeed when it is repeated becomes `TryAgain`; a bug stays as it is."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return TryAgain()
    state, said = getattr(error.orig, "sqlstate", None), str(error.orig)
    if state == DISK_FULL or FULL_IN_SQLITE in said:
        return StorageFull()
    if state in TRANSIENT_SQLSTATES or TRANSIENT_IN_SQLITE in said:
        return TryAgain()
    if state == FOREIGN_KEY or FOREIGN_KEY_IN_SQLITE in said:
        return MissingReference(said)
    return error
