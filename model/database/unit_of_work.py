"""The database, and the two units of work that everything happens in.

`read()` is one snapshot. `write()` is one transaction that holds the write lock from its first
statement (SQLite) or locks the rows that its finders return (PostgreSQL). Only the database is
awaited inside `write()`: hashes, mails and bytes come before or after.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar, TypeVarTuple, overload

from sqlalchemy import Executable, Row, Select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows

from model.database.address import database_address
from model.database.engine import (
    NOBODY_FREE_AFTER_S,
    NOBODY_WAITS,
    SOMEBODY_WAITS,
    Patience,
    postgresql_engine,
    sqlite_engine,
)
from model.database.failure import without_values
from model.database.row import AnyRow
from model.database.server import Server
from model.database.table import Base
from model.errors import OutcomeUnknown, StorageFull, TooSlow, TryAgain

READERS, _WRITERS = 4, 4  # connections of a worker; SQLite has one writer
_APART_WITHIN_S = 2.5

_LOCK_NOT_AVAILABLE = "55P03"
_TRANSIENT_SQLSTATES = {
    "40001",  # serialisation failure
    "40P01",  # deadlock
    _LOCK_NOT_AVAILABLE,
    "25P03",  # the next one did not come
    "57P01",  # shutdown
    "57P03",  # start
    "53300",  # too many connections
}
_HURRY = text("SET LOCAL lock_timeout = 100")  # ms
_HURRY_FOR_S = 5
_TRANSIENT_IN_SQLITE = "database is locked"
_TOO_SLOW = "57014"  # by statement_timeout
_TOO_SLOW_IN_SQLITE = "interrupted"
_DISK_FULL = "53100"
_FULL_IN_SQLITE = "database or disk is full"

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


@dataclass(frozen=True)
class Finder(Generic[*Ts]):
    """A statement that finds one thing; `locking` also locks its rows until the commit."""

    reading: Select[*Ts]
    locking: Select[*Ts]


def finder(statement: Select[*Ts], *, locks: Sequence[type[Base]]) -> Finder[*Ts]:
    """A finder of one thing: a write locks its rows in the tables `locks`, a read locks nothing."""
    return Finder(statement, statement.with_for_update(of=list(locks), key_share=True))


@dataclass(frozen=True)
class Note:
    """An event to come, as `write_events` numbers and writes it; `data` is JSON."""

    topic: str
    kind: str
    data: str
    about: str | None = None
    scrubs: Sequence[str] = ()
    by: int | None = None


class Transaction:
    """A unit of work: what functions of the model get as `db`. Values are bound by their names."""

    def __init__(self, connection: AsyncConnection, *, writing: bool, tx: str | None = None):
        """Begin to work on a connection; `tx` names the request or command, for the events."""
        self.connection = connection
        self.locks_rows = writing and connection.dialect.name != "sqlite"
        self.tx = tx
        self.notes: list[Note] = []
        self.forgotten: set[str] = set()  # topics whose events so far go
        self.topics: Collection[str] = ()  # those that the commit has written to

    @overload
    async def all(
        self, statement: TypedReturnsRows[*Ts], **values: object
    ) -> Sequence[Row[*Ts]]: ...
    @overload
    async def all(self, statement: Executable, **values: object) -> Sequence[AnyRow]: ...
    async def all(self, statement: Executable, **values: object) -> Sequence[AnyRow]:
        return (await self.connection.execute(statement, values)).all()

    @overload
    async def first(
        self, statement: TypedReturnsRows[*Ts], **values: object
    ) -> Row[*Ts] | None: ...
    @overload
    async def first(self, statement: Executable, **values: object) -> AnyRow | None: ...
    async def first(self, statement: Executable, **values: object) -> AnyRow | None:
        return (await self.connection.execute(statement, values)).first()

    @overload
    async def scalar(self, statement: TypedReturnsRows[T], **values: object) -> T | None: ...
    @overload
    async def scalar(self, statement: Executable, **values: object) -> Any: ...
    async def scalar(self, statement: Executable, **values: object) -> Any:
        """The value of the first row; None also when there is none."""
        return (await self.connection.execute(statement, values)).scalar()

    async def scalar_one(self, statement: TypedReturnsRows[T], **values: object) -> T:
        """The value of a statement that always has one: a count, the id of an INSERT."""
        return (await self.connection.execute(statement, values)).scalar_one()

    async def find(self, thing: Finder[*Ts], **values: object) -> Row[*Ts] | None:
        """The row of a thing, or None. In a write it stays locked until the commit.

        A write locks before it reads: then it sees what everybody before it has committed.
        PostgreSQL reads only the locked rows anew after it has waited, and the others as they were.
        So what is not found then is looked for once more.
        """
        if self.locks_rows:
            locked = await self.first(thing.locking, **values)
            if locked is None and await self.first(thing.locking, **values) is None:
                return None
        return await self.first(thing.reading, **values)

    async def run(self, statement: Executable, **values: object) -> int:
        """Execute what returns no rows; how many rows it changed."""
        return (await self.connection.execute(statement, values)).rowcount

    async def run_for_each(
        self, statement: Executable, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Execute a statement once for each of some rows of values."""
        if rows:
            await self.connection.execute(statement, rows)

    async def end_within(self, seconds: float) -> None:
        """Let each statement of a read take so long at most; then the unit raises TooSlow.

        PostgreSQL keeps to the limit of all statements: another one would cost a round trip.
        """
        if self.connection.dialect.name == "sqlite":
            await self.connection.execution_options(within_s=seconds)


BeforeCommit = Callable[[Transaction], Awaitable[None]]


class Database:
    """The database; it connects when it is first used.

    After each commit with events, `committed` is called with their topics.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        before_commit: BeforeCommit,
        synchronous: str = "FULL",
        patience: Patience = SOMEBODY_WAITS,
    ) -> None:
        """`before_commit` writes what a transaction has noted: `write_events` of the event log."""
        self.address = database_address(url)
        self.before_commit = before_commit
        self.is_sqlite = self.address.get_backend_name() == "sqlite"
        self.committed: Callable[[Collection[str]], None] = lambda _: None
        self._one_writer = asyncio.Lock()
        self.server = Server()
        self._hurries_until = 0.0
        if self.is_sqlite:
            self.readers = sqlite_engine(self.address, "BEGIN", READERS, synchronous)
            self._apart = sqlite_engine(self.address, "BEGIN", 1, synchronous)
            self.writers = sqlite_engine(self.address, "BEGIN IMMEDIATE", 1, synchronous)
        else:
            self.readers, self._apart = [
                postgresql_engine(
                    self.address, size, "REPEATABLE READ", self.server, patience
                ).execution_options(postgresql_readonly=True)
                for size in (READERS, 1)
            ]
            self.writers = postgresql_engine(
                self.address, _WRITERS, "READ COMMITTED", self.server, patience
            )

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A unit of work that reads, in one snapshot of everything. Raises TryAgain and TooSlow."""
        async with _read(self.readers) as db:
            yield db

    @asynccontextmanager
    async def read_apart(self) -> AsyncIterator[Transaction]:
        """The same on a connection that no request takes, for 2.5 s at most."""
        db = None
        try:
            async with asyncio.timeout(_APART_WITHIN_S), _read(self._apart) as db:
                yield db
        except TimeoutError as error:
            if db is not None:  # it was connected
                self.server.lose_trust()
            raise TryAgain from error

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        """A unit of work that commits at the end, with its events; an exception rolls it back.

        Raises TryAgain when the same may succeed in a moment, OutcomeUnknown when it may have been
        committed, StorageFull, and StatementFailed.
        """
        is_hurried = False
        try:
            async with self._alone(), self.writers.connect() as connection:
                if is_hurried := time.monotonic() < self._hurries_until:
                    await connection.execute(_HURRY)
                db = Transaction(connection, writing=True, tx=tx)
                yield db
                await self.before_commit(db)
                await _commit(connection)
        except (DBAPIError, NoConnectionFree, OSError) as error:
            if _sqlstate(error) == _LOCK_NOT_AVAILABLE and not is_hurried:
                # somebody holds a row: those who want it next shall not take all connections
                self._hurries_until = time.monotonic() + _HURRY_FOR_S
            _refuse(error)
        if db.topics:
            self.committed(db.topics)

    @asynccontextmanager
    async def at_leisure(self) -> AsyncIterator["Database"]:
        """The same database for long work: its statements may take minutes, and others go on.

        On PostgreSQL it has connections of its own.
        """
        if self.is_sqlite:
            yield self
            return
        leisurely = Database(self.address, before_commit=self.before_commit, patience=NOBODY_WAITS)
        leisurely.committed = self.committed
        try:
            yield leisurely
        finally:
            await leisurely.close()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Let only one task of this process write to SQLite at a time. Raises TimeoutError."""
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
        for engine in (self.readers, self._apart, self.writers):
            await engine.dispose()


@asynccontextmanager
async def _read(readers: AsyncEngine) -> AsyncIterator[Transaction]:
    try:
        async with readers.connect() as connection:
            yield Transaction(connection, writing=False)
    except (DBAPIError, NoConnectionFree, OSError) as error:
        _refuse(error)


async def _commit(connection: AsyncConnection) -> None:
    """Raises OutcomeUnknown when the database went before it said whether it has committed."""
    try:
        await connection.commit()
    except OSError as error:
        raise OutcomeUnknown from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise OutcomeUnknown from error
        raise


def _refuse(error: Exception) -> NoReturn:
    """Raises TryAgain for what may succeed when it is repeated, TooSlow, or StorageFull.

    A bug is StatementFailed.
    """
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        raise TryAgain from error
    state, said = _sqlstate(error), str(error.orig)
    if state == _DISK_FULL or _FULL_IN_SQLITE in said:
        raise StorageFull from error
    if state == _TOO_SLOW or said == _TOO_SLOW_IN_SQLITE:
        raise TooSlow from error
    if state in _TRANSIENT_SQLSTATES or _TRANSIENT_IN_SQLITE in said:
        raise TryAgain from error
    raise without_values(error) from None


def _sqlstate(error: Exception) -> str | None:
    """What PostgreSQL calls the error."""
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state
