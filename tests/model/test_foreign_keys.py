"""What refers to another row says what becomes of it then, and is found without a scan."""

from typing import Any

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from model.database.table import Base


def indexed(inspector: Inspector, table: str) -> list[list[str | None]]:
    """The columns of each index of a table: of a partial one, none."""
    keys: list[Any] = [inspector.get_pk_constraint(table)["constrained_columns"]]
    keys += [unique["column_names"] for unique in inspector.get_unique_constraints(table)]
    for index in inspector.get_indexes(table):
        if not any("where" in option for option in index.get("dialect_options", {})):
            keys.append(index["column_names"])
    return keys


def forgotten(connection: Connection) -> tuple[int, list[str]]:
    """How many foreign keys there are, and what each of them lacks."""
    inspector, count, lacks = inspect(connection), 0, []
    for table in Base.metadata.tables:
        keys = indexed(inspector, table)
        for foreign_key in inspector.get_foreign_keys(table):
            columns = foreign_key["constrained_columns"]
            named = f"{table} ({', '.join(columns)})"
            count += 1
            if not foreign_key.get("options", {}).get("ondelete"):
                lacks.append(f"{named}: ondelete, what becomes of the row")
            if not any(set(key[: len(columns)]) == set(columns) for key in keys):
                lacks.append(f"{named}: an index that begins with it")
    return count, lacks


async def test_each_foreign_key_has_an_index_and_says_what_becomes_of_its_row(
    database_url: str,
) -> None:
    """Without an index, each deletion of what is referred to reads the whole table.

    A primary key or a unique constraint that begins with the columns is an index, too.
    """
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        count, lacks = await connection.run_sync(forgotten)
    await engine.dispose()
    assert count > 20
    assert lacks == []
