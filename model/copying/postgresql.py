"""The rows of a PostgreSQL database, read by a cursor and written by COPY."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import JSON, Executable, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from model.copying.rows import ROWS_AT_ONCE, Row, all_tables, numbered_tables
from model.database.engine import Patience, postgresql_engine
from model.database.server import Server
from model.database.statement import POSTGRESQL

_DIALECT = dialect()  # type: ignore[no-untyped-call]
_A_DAY_S = 24 * 3600
_PATIENCE = Patience(lock_s=10, statement_s=_A_DAY_S, next_s=_A_DAY_S)
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
_LAST_ID = "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass)"
_GO_ON_FROM = "SELECT setval(pg_get_serial_sequence($1, 'id'), $2)"


class PostgreSQLRows:
    """The tables as the transaction of a connection sees them."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def count(self, table: Table) -> int:
        return int(await self._driver.fetchval(_sql(select(func.count()).select_from(table))))

    async def read(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        cursor = f"copied_{table.name}"
        columns = [
            each.cast(Text) if isinstance(each.type, JSON) else each for each in table.columns
        ]
        await self._driver.execute(
            f"DECLARE {cursor} NO SCROLL CURSOR FOR {_sql(select(*columns))}"
        )
        while found := await self._driver.fetch(f"FETCH {ROWS_AT_ONCE} FROM {cursor}"):
            yield [*map(tuple, found)]
        await self._driver.execute(f"CLOSE {cursor}")

    async def fill(self, table: Table, rows: AsyncIterator[Sequence[Row]]) -> None:
        columns = [column.name for column in table.columns]
        each = (row async for some in rows for row in some)
        await self._driver.copy_records_to_table(table.name, records=each, columns=columns)

    async def clear(self, table: Table) -> None:
        await self.run(delete(table))

    async def last_ids(self) -> Mapping[str, int]:
        names = [table.name for table in numbered_tables()]
        last = {name: await self._driver.fetchval(_LAST_ID, name) for name in names}
        return {name: last_id for name, last_id in last.items() if last_id is not None}

    async def go_on_from(self, last_ids: Mapping[str, int]) -> None:
        for name, last_id in last_ids.items():
            await self._driver.execute(_GO_ON_FROM, name, last_id)

    async def run(self, statement: Executable) -> None:
        prepared = POSTGRESQL.prepared(statement, {})
        await self._driver.execute(prepared.sql, *prepared.parameters({}))


@asynccontextmanager
async def postgresql_rows(url: URL, *begin: str) -> AsyncIterator[PostgreSQLRows]:
    """The tables in a transaction of its own, which `begin` begins, and which is committed."""
    engine = postgresql_engine(url, "AUTOCOMMIT", Server(), _PATIENCE)
    try:
        async with engine.connect() as connection:
            driver = await driver_of(connection)
            for statement in begin or (_SNAPSHOT,):
                await driver.execute(statement)
            yield PostgreSQLRows(driver)
            await driver.execute("COMMIT")
    finally:
        await engine.dispose()


def alone_in_postgresql(url: URL) -> AbstractAsyncContextManager[PostgreSQLRows]:
    """The same while nobody else can write. Raises asyncpg.LockNotAvailableError if he does."""
    names = ", ".join(map(_DIALECT.identifier_preparer.format_table, all_tables()))
    lock = f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"  # before the snapshot is made
    return postgresql_rows(url, "BEGIN ISOLATION LEVEL REPEATABLE READ;", lock)


async def driver_of(connection: AsyncConnection) -> Any:
    """The connection of asyncpg, in the transaction that has begun on that of SQLAlchemy."""
    return (await connection.get_raw_connection()).driver_connection


def _sql(statement: Executable) -> str:
    return POSTGRESQL.prepared(statement, {}).sql
