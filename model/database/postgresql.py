"""PostgreSQL's connections, for as long as their statements go through SQLAlchemy."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Executable
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from model.database.connection import Connections, Values
from model.database.engine import Patience, postgresql_engine
from model.database.row import AnyRow
from model.database.server import Server
from model.errors import OutcomeUnknown


class PostgreSQLConnection:
    is_usable = False  # SQLAlchemy's own pool has it then

    def __init__(self, connection: AsyncConnection) -> None:
        self.sqlalchemy = connection

    async def begin(self) -> None:
        """SQLAlchemy does with the first statement."""

    async def rows(self, statement: Executable, values: Values) -> Sequence[AnyRow]:
        return (await self.sqlalchemy.execute(statement, values)).all()

    async def run(self, statement: Executable, values: Values) -> int:
        return (await self.sqlalchemy.execute(statement, values)).rowcount

    async def run_for_each(self, statement: Executable, rows: Sequence[Values]) -> None:
        await self.sqlalchemy.execute(statement, rows)

    def end_within(self, seconds: float) -> None:
        """PostgreSQL keeps to the limit of all statements: another would cost a round trip."""

    async def commit(self) -> None:
        try:
            await self.sqlalchemy.commit()
        except OSError as error:
            raise OutcomeUnknown from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise OutcomeUnknown from error
            raise

    async def rollback(self) -> None:
        """SQLAlchemy's pool does."""

    async def close(self) -> None:
        await asyncio.shield(asyncio.create_task(self.sqlalchemy.close()))


class PostgreSQLConnections(Connections[PostgreSQLConnection]):
    def __init__(self, engine: AsyncEngine, most: int) -> None:
        super().__init__(self._checked_out, most)
        self._engine = engine

    async def close(self) -> None:
        await super().close()
        await self._engine.dispose()

    async def _checked_out(self) -> PostgreSQLConnection:
        return PostgreSQLConnection(await self._engine.connect())


def postgresql_readers(
    url: URL, most: int, server: Server, patience: Patience
) -> Connections[PostgreSQLConnection]:
    engine = postgresql_engine(url, most, "REPEATABLE READ", server, patience)
    return PostgreSQLConnections(engine.execution_options(postgresql_readonly=True), most)


def postgresql_writers(
    url: URL, most: int, server: Server, patience: Patience
) -> Connections[PostgreSQLConnection]:
    return PostgreSQLConnections(
        postgresql_engine(url, most, "READ COMMITTED", server, patience), most
    )
