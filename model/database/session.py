"""SQLAlchemy's session within a unit of work, for whoever wants all that SQLAlchemy can.

It works in a savepoint of the transaction. SQLAlchemy is told that this has begun, and cannot end
it: on PostgreSQL because its connection is in AUTOCOMMIT, on SQLite because of this dialect.
"""

from contextlib import aclosing
from typing import Self

from sqlalchemy import Executable
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    SQLiteDialect_aiosqlite,
    SQLiteExecutionContext_aiosqlite,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import SelectBase

from model.database.connection import Connection

JOINED_SQLITE = "sqlite+joined"


class FetchedAtOnce(SQLiteExecutionContext_aiosqlite):
    def create_server_side_cursor(self) -> DBAPICursor:
        """A cursor that `stream` leaves open would keep its snapshot for whoever comes next."""
        return self._dbapi_connection.cursor()


class JoinedSQLite(SQLiteDialect_aiosqlite):
    supports_statement_cache = True
    execution_ctx_cls = FetchedAtOnce

    def do_commit(self, dbapi_connection: object) -> None:
        """The unit of work commits."""

    def do_rollback(self, dbapi_connection: object) -> None:
        """The unit of work rolls back."""


registry.register("sqlite.joined", __name__, JoinedSQLite.__name__)


class WithSession:
    """A transaction that has begun on a connection, and the session in it."""

    def __init__(self, connection: Connection, *, once: bool) -> None:
        self.connection = connection
        self.is_sqlite, self.locks_rows = connection.is_sqlite, connection.locks_rows
        self._once, self._is_over = once, False
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """SQLAlchemy's session in this transaction, made when it is first asked for.

        What it has pending is written before the next statement of ours. Of what that changes it
        does not know: a row that it has is as it was, until it is refreshed. What is ours belongs
        to its transaction, once that has begun: a rollback takes it back, with its events.
        """
        if self._session is None:
            opened = self.connection.sqlalchemy
            assert opened.sync_connection is not None  # it is connected
            opened.sync_connection.begin()
            self._session = AsyncSession(
                opened, join_transaction_mode="create_savepoint", expire_on_commit=False
            )
            self.follow(self._session.sync_session)
        return self._session

    def follow(self, session: Session) -> None:
        """Take back what is noted with what the session takes back."""

    async def next(self, statement: Executable) -> Connection:
        """The connection, for the next statement. What the session has pending goes before it."""
        if self._session is not None:
            await self._session.flush()
            if self._session.in_transaction():
                await self._session.connection()  # which sets its savepoints
        if self._once:
            if self._is_over or not isinstance(statement, SelectBase):
                raise RuntimeError("one SELECT was promised: others would see another snapshot")
            self._is_over = True
        return self.connection

    async def commit_session(self) -> None:
        """Make what the session has done, if there is one, a part of the transaction."""
        if self._session is not None:
            await self._session.commit()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Close the session. What it has pending in a read is refused, and not forgotten.

        The connection belongs to somebody else from now on.
        """
        connection, session = self.connection, self._session
        self._session = None
        del self.connection
        if session is None:
            return
        try:
            async with aclosing(session):
                if error is None:
                    await session.flush()
        finally:
            session.sync_session.bind = None  # whoever still has it
            await connection.sqlalchemy.rollback()  # which only SQLAlchemy hears of
