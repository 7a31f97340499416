"""Puts a restored database in the place of one on PostgreSQL, in one transaction.

The tables that were there stay, in a schema of their own.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from sqlalchemy import bindparam, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from model.copying.copy import copy_rows
from model.copying.postgresql import PostgreSQLRows, driver_of
from model.copying.rows import all_tables
from model.copying.sqlite import sqlite_rows
from model.database.engine import NOBODY_WAITS, postgresql_engine
from model.database.server import Server
from model.schema import migrated

_OF_MIGRATIONS = "alembic_version"
_FUNCTION = "words_in_order(text)"  # by which posts are searched

_LAST_IDS = text(
    "SELECT sequencename AS name, last_value AS last_id FROM pg_sequences"
    " WHERE schemaname = current_schema() AND last_value IS NOT NULL"
)
_OF_AN_ID = "_id_seq"
_THERE = text(
    "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = current_schema() AND table_name IN :names"
).bindparams(bindparam("names", expanding=True))
_HAS_FUNCTION = text("SELECT to_regprocedure(:name) IS NOT NULL")


class PostgreSQLPlace:
    """The place of our tables in a database."""

    def __init__(self, address: URL, instance: Path) -> None:
        self._address = address
        self.folder = instance

    async def last_ids(self) -> Mapping[str, int]:
        """The last id that each table has given out."""
        engine = postgresql_engine(self._address, "READ COMMITTED", Server(), NOBODY_WAITS)
        try:
            async with engine.connect() as connection:
                rows = (await connection.execute(_LAST_IDS)).all()
        finally:
            await engine.dispose()
        return {row.name.removesuffix(_OF_AN_ID): row.last_id for row in rows}

    async def replace(self, copy: Path, before: Path, told: Callable[[int], None]) -> None:
        """Copy all rows of an SQLite file into new tables.

        Those that were there go into a new schema, which is named like the folder `before`. `told`
        is called with what percentage is done.
        """
        schema = before.name.replace("-", "_")
        async with (
            sqlite_rows(copy, "BEGIN") as source,
            migrated(self._address, first=partial(_set_aside, schema)) as connection,
        ):
            await copy_rows(source, PostgreSQLRows(await driver_of(connection)), told)

    def was_replaced(self, before: Path) -> bool:
        """No matter: all files that are kept in `before` are still where they were, too."""
        del before
        return False


async def _set_aside(schema: str, connection: AsyncConnection) -> None:
    names = [table.name for table in all_tables()] + [_OF_MIGRATIONS]
    there = (await connection.scalars(_THERE, {"names": names})).all()
    if not there:
        return
    await connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    for name in there:
        await connection.exec_driver_sql(f'ALTER TABLE "{name}" SET SCHEMA {schema}')
    if await connection.scalar(_HAS_FUNCTION, {"name": _FUNCTION}):
        await connection.exec_driver_sql(f"ALTER FUNCTION {_FUNCTION} SET SCHEMA {schema}")
