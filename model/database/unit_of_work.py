"""The database, and the two units of work that everything happens in.

`read()` is one snapshot. `write()` is all or nothing: a turn in a transaction that holds the write
lock (SQLite, see `group.py`), or a transaction of its own that locks the rows which its finders
return (PostgreSQL). Only the database is awaited inside `write()`: hashes, mails and bytes come
before or after, and so does whatever leaves this process because of what was read.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, TypeVarTuple, overload

from sqlalchemy import Executable, Row, Select, event, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.sql.selectable import TypedReturnsRows

from model.database.address import database_address
from model.database.connection import Connection, Connections
from model.database.engine import NOBODY_WAITS, SOMEBODY_WAITS, Patience, postgresql_engine
from model.database.failure import FAILURES, LOCK_NOT_AVAILABLE, refuse, sqlstate
from model.database.group import Groups
from model.database.postgresql import postgresql_readers, postgresql_writers
from model.database.row import AnyRow
from model.database.server import Server
from model.database.session import WithSession
from model.database.sqlite import sqlite_readers, sqlite_writer
from model.database.table import Base
from model.database.watcher import NOBODY, Watcher
from model.errors import TryAgain

READERS, _WRITERS = 4, 4  # connections of a worker; SQLite has one writer
_APART_WITHIN_S = 2.5

_HURRY = text("SET LOCAL lock_timeout = 100")  # ms
_HURRY_FOR_S = 5

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


class Transaction(WithSession):
    """A unit of work: what functions of the model get as `db`. Values are bound by their names."""

    def __init__(
        self, connection: Connection, *, tx: str | None = None, once: bool = False
    ) -> None:
        """Begin to work on a connection; `tx` names the request or command, for the events."""
        super().__init__(connection, once=once)
        self.tx = tx
        self.notes: list[Note] = []
        self.forgotten: set[str] = set()  # topics whose events so far go
        self.topics: Collection[str] = ()  # those that the commit has written to

    def follow(self, session: Session) -> None:
        before: dict[SessionTransaction, tuple[int, set[str]]] = {}

        @event.listens_for(session, "after_transaction_create")
        def begin(_: Session, begun: SessionTransaction) -> None:
            before[begun] = len(self.notes), self.forgotten.copy()

        @event.listens_for(session, "after_soft_rollback")
        def take_back(_: Session, undone: SessionTransaction) -> None:
            number, self.forgotten = before[undone]
            del self.notes[number:]

    @overload
    async def all(
        self, statement: TypedReturnsRows[*Ts], **values: object
    ) -> Sequence[Row[*Ts]]: ...
    @overload
    async def all(self, statement: Executable, **values: object) -> Sequence[AnyRow]: ...
    async def all(self, statement: Executable, **values: object) -> Sequence[AnyRow]:
        connection = await self.next(statement)
        return await connection.rows(statement, values)

    @overload
    async def first(
        self, statement: TypedReturnsRows[*Ts], **values: object
    ) -> Row[*Ts] | None: ...
    @overload
    async def first(self, statement: Executable, **values: object) -> AnyRow | None: ...
    async def first(self, statement: Executable, **values: object) -> AnyRow | None:
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

    @overload
    async def scalar(self, statement: TypedReturnsRows[T], **values: object) -> T | None: ...
    @overload
    async def scalar(self, statement: Executable, **values: object) -> Any: ...
    async def scalar(self, statement: Executable, **values: object) -> Any:
        """The value of the first row; None also when there is none."""
        rows = await self.all(statement, **values)
        return rows[0][0] if rows else None

    async def scalar_one(self, statement: TypedReturnsRows[T], **values: object) -> T:
        """The value of a statement that always has one: a count, the id of an INSERT."""
        (row,) = await self.all(statement, **values)
        value: T = row[0]
        return value

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
        connection = await self.next(statement)
        return await connection.run(statement, values)

    async def run_for_each(
        self, statement: Executable, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Execute a statement once for each of some rows of values."""
        if rows:
            connection = await self.next(statement)
            await connection.run_for_each(statement, rows)

    def end_within(self, seconds: float) -> None:
        """Let each statement of a read take so long at most; then the unit raises TooSlow.

        PostgreSQL keeps to the limit of all statements: another one would cost a round trip.
        """
        self.connection.end_within(seconds)


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
        watcher: Watcher = NOBODY,
    ) -> None:
        """`before_commit` writes what a transaction has noted: `write_events` of the event log."""
        self.address = database_address(url)
        self.before_commit, self.watcher = before_commit, watcher
        self.is_sqlite = self.address.get_backend_name() == "sqlite"
        self.committed: Callable[[Collection[str]], None] = lambda _: None
        self.server = Server()
        self._hurries_until = 0.0
        readers: Callable[[int], Connections[Any]]
        self._writers: Connections[Any]
        if self.is_sqlite:
            readers = partial(sqlite_readers, self.address, synchronous, watcher)
            self._writers = sqlite_writer(self.address, synchronous, watcher)
            self._groups = Groups(self._writers, self._tell, watcher)
        else:
            engine = postgresql_engine(self.address, "AUTOCOMMIT", self.server, patience)
            readers = partial(postgresql_readers, engine, self.server, watcher)
            self._writers = postgresql_writers(engine, self.server, watcher, _WRITERS)
        self.readers, self._apart = readers(READERS), readers(1)

    @asynccontextmanager
    async def read(self, *, once: bool = False) -> AsyncIterator[Transaction]:
        """A unit of work that reads, in one snapshot of everything. Raises TryAgain and TooSlow.

        `once` promises that it is one SELECT: then PostgreSQL is asked once instead of three times.
        """
        try:
            async with self.readers.one() as connection, await _begun(connection, once=once) as db:
                yield db
        except FAILURES as error:
            refuse(error)

    @asynccontextmanager
    async def read_apart(self, *, once: bool = False) -> AsyncIterator[Transaction]:
        """The same on a connection that no request takes, for 2.5 s at most."""
        connection = None
        try:
            async with (
                asyncio.timeout(_APART_WITHIN_S),
                self._apart.one() as connection,
                await _begun(connection, once=once) as db,
            ):
                yield db
        except TimeoutError as error:
            if connection is not None:
                self.server.lose_trust()
            raise TryAgain from error
        except FAILURES as error:
            refuse(error)

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        """A unit of work that commits at the end, with its events; an exception rolls it back.

        Raises TryAgain when the same may succeed in a moment, OutcomeUnknown when it may have been
        committed, StorageFull, and StatementFailed.
        """
        began = time.monotonic()
        try:
            async with self._in_group(tx) if self.is_sqlite else self._alone(tx) as db:
                yield db
        except FAILURES as error:
            refuse(error)
        self.watcher.figures.wrote(time.monotonic() - began, [note.kind for note in db.notes])

    @asynccontextmanager
    async def _in_group(self, tx: str | None) -> AsyncIterator[Transaction]:
        async with self._groups.unit() as group:
            async with Transaction(group.connection, tx=tx) as db:
                yield db
                await db.commit_session()
                await self.before_commit(db)
            group.topics.update(db.topics)

    @asynccontextmanager
    async def _alone(self, tx: str | None) -> AsyncIterator[Transaction]:
        is_hurried = False
        try:
            async with self._writers.one() as connection, await _begun(connection, tx=tx) as db:
                if is_hurried := time.monotonic() < self._hurries_until:
                    await db.run(_HURRY)
                yield db
                await db.commit_session()
                await self.before_commit(db)
                await connection.commit()
        except FAILURES as error:
            if sqlstate(error) == LOCK_NOT_AVAILABLE and not is_hurried:
                # somebody holds a row: those who want it next shall not take all connections
                self._hurries_until = time.monotonic() + _HURRY_FOR_S
            raise
        if db.topics:
            self._tell(db.topics)

    def _tell(self, topics: Collection[str]) -> None:
        self.committed(topics)

    @asynccontextmanager
    async def at_leisure(self) -> AsyncIterator["Database"]:
        """The same database for long work: its statements may take minutes, and others go on.

        On PostgreSQL it has connections of its own.
        """
        if self.is_sqlite:
            yield self
            return
        leisurely = Database(
            self.address,
            before_commit=self.before_commit,
            patience=NOBODY_WAITS,
            watcher=self.watcher,
        )
        leisurely.committed = self.committed
        try:
            yield leisurely
        finally:
            await leisurely.close()

    async def close(self) -> None:
        if self.is_sqlite:
            await self._groups.close()
        for connections in (self.readers, self._apart, self._writers):
            await connections.close()


async def _begun(
    connection: Connection, *, tx: str | None = None, once: bool = False
) -> Transaction:
    await connection.begin(once=once)
    return Transaction(connection, tx=tx, once=once)
