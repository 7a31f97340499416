"""PostgreSQL: statements and transactions go to asyncpg itself.

Its connections are SQLAlchemy's, which sets them up, and in AUTOCOMMIT: SQLAlchemy begins and ends
nothing on them, so that a session can join the transaction that is begun here. A connection that
is lost, or whose caller is cancelled while the database works, is closed and never used again.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from model.database.connection import Connections, Values
from model.database.failure import StatementFailed
from model.database.row import AnyRow
from model.database.server import Server
from model.database.statement import POSTGRESQL, Prepared
from model.database.watcher import Watcher
from model.errors import OutcomeUnknown

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED;"
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

T = TypeVar("T")


class PostgreSQLConnection:
    is_sqlite = False

    def __init__(
        self,
        connection: AsyncConnection,
        driver: Any,
        server: Server,
        watcher: Watcher,
        begin: str,
    ) -> None:
        self.sqlalchemy = connection
        self.locks_rows = begin == _WRITE
        self._driver = driver
        self._server, self._watcher = server, watcher
        self._begin = begin
        self._made_at = time.monotonic()

    @property
    def is_usable(self) -> bool:
        is_trusted = self._made_at >= self._server.trusted_since
        return is_trusted and not (self._driver.is_closed() or self._driver.is_in_transaction())

    async def begin(self, *, once: bool = False) -> None:
        if not (once and self._server.keeps_limits):
            await self._answered("BEGIN", self._driver.execute(self._begin))

    async def rows(self, statement: Executable, values: Values) -> Sequence[AnyRow]:
        prepared = POSTGRESQL.prepared(statement, values)
        answer = self._driver.fetch(prepared.sql, *prepared.parameters(values))
        found: list[Any] = await self._answered(prepared, answer)
        return prepared.rows(found, found[0].keys() if found else ())

    async def run(self, statement: Executable, values: Values) -> int:
        prepared = POSTGRESQL.prepared(statement, values)
        answer = self._driver.execute(prepared.sql, *prepared.parameters(values))
        tag: str = await self._answered(prepared, answer)
        _, _, count = tag.rpartition(" ")  # UPDATE 3, INSERT 0 3, or CREATE TABLE
        return int(count) if count.isdecimal() else 0

    async def run_for_each(self, statement: Executable, rows: Sequence[Values]) -> None:
        prepared = POSTGRESQL.prepared(statement, rows[0])
        parameters = [prepared.parameters(row) for row in rows]
        await self._answered(prepared, self._driver.executemany(prepared.sql, parameters))

    def end_within(self, seconds: float) -> None:
        """PostgreSQL keeps to the limit of all statements: another one would be a round trip."""

    async def commit(self) -> None:
        try:
            tag = await self._answered("COMMIT", self._driver.execute("COMMIT"))
        except OSError as error:
            raise OutcomeUnknown from error
        if tag != "COMMIT":
            raise StatementFailed("COMMIT [a statement had failed, and the unit of work went on]")

    async def rollback(self) -> None:
        if not self._driver.is_closed() and self._driver.is_in_transaction():
            try:
                await self._answered("ROLLBACK", self._driver.execute("ROLLBACK"))
            except _FAILURES:
                await self._lose()

    async def close(self) -> None:
        await self._lose()
        await self.sqlalchemy.close()

    async def _lose(self) -> None:
        """A dead peer would not answer a farewell, and a living one needs none."""
        self._driver.terminate()
        await self.sqlalchemy.invalidate()  # it shall know, if there is a session

    async def _answered(self, statement: Prepared | str, answer: Awaitable[T]) -> T:
        """What the driver answers. Raises OSError when the connection is lost by now."""
        began = time.monotonic()
        try:
            return await answer
        except asyncio.CancelledError:
            await self._lose()
            raise
        except TimeoutError:
            self._server.lose_trust()
            await self._lose()
            raise
        except asyncpg.InternalClientError as error:  # it was ended a moment ago
            await self._lose()
            raise ConnectionError from error
        except _FAILURES as error:
            if self._driver.is_closed():
                await self._lose()
                raise ConnectionError from error
            if self.locks_rows and isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                self._server.lose_trust()  # another one writes now: this one follows it
                raise ConnectionError(str(error)) from error
            if isinstance(error, asyncpg.InvalidCachedStatementError):
                self._server.lose_trust()  # a migration came: the others would say the same
            error.add_note(statement if isinstance(statement, str) else statement.sql)
            raise
        finally:
            self._watcher.ran(statement, time.monotonic() - began)


def postgresql_readers(
    engine: AsyncEngine, server: Server, watcher: Watcher, most: int
) -> Connections[PostgreSQLConnection]:
    return Connections(partial(_connect, engine, server, watcher, _SNAPSHOT), most, watcher)


def postgresql_writers(
    engine: AsyncEngine, server: Server, watcher: Watcher, most: int
) -> Connections[PostgreSQLConnection]:
    return Connections(partial(_connect, engine, server, watcher, _WRITE), most, watcher)


async def _connect(
    engine: AsyncEngine, server: Server, watcher: Watcher, begin: str
) -> PostgreSQLConnection:
    connection = await engine.connect()
    driver = (await connection.get_raw_connection()).driver_connection
    return PostgreSQLConnection(connection, driver, server, watcher, begin)
