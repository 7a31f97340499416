"""Statements that are run on the driver do what SQLAlchemy's own execution of them does."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam, cast, func, insert, literal, select

from model.database.table import Instant, one_of
from model.database.unit_of_work import Database
from model.log.event import write_events
from model.user import ServerRole

UNUSUAL: dict[sa.types.TypeEngine[Any], list[object]] = {
    sa.Boolean(): [True, False],
    sa.BigInteger(): [0, -(2**63), 2**63 - 1],
    sa.Text(): ["", "ä😀", "x" * 100_000],
    sa.Float(): [1.5, -1e300],
    sa.Numeric(20, 10): [Decimal("0.1234567891")],
    sa.LargeBinary(): [b"", b"\0\xff"],
    sa.Date(): [date(2026, 1, 1)],
    sa.Interval(): [timedelta(days=3, microseconds=4)],
    sa.JSON(): [{"a": [1, None, "ä"]}],
    sa.Uuid(): [UUID(int=5)],
    one_of(ServerRole, "role"): [ServerRole.MEMBER],
    Instant(): [
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(2026, 1, 1, 1, 2, 3, 4, UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_998, UTC),
    ],
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


@pytest.mark.own_database  # it makes a table
async def test_values_of_every_type_come_back_as_they_went_in(database: Database) -> None:
    kinds = sa.Table("kinds", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    for number, kind in enumerate(UNUSUAL):
        kinds.append_column(sa.Column(f"of_{number}", kind))
    read = select(*list(kinds.columns)[1:]).order_by(kinds.c.id)
    write, given = insert(kinds), [*enumerate(UNUSUAL.values())]
    rows = [
        {"id": n} | {f"of_{m}": [*values, None][n % (len(values) + 1)] for m, values in given}
        for n in range(4)
    ]
    async with database.write() as db:
        await (await db.session.connection()).run_sync(kinds.metadata.create_all)
        for row in rows:
            await db.run(write, **row)
    async with database.read() as db:
        found = await db.all(read)
        by_sqlalchemy = (await db.session.execute(read)).all()
    assert [*map(tuple, found)] == [tuple(row.values())[1:] for row in rows]
    assert [repr(tuple(row)) for row in found] == [repr(tuple(row)) for row in by_sqlalchemy]


async def test_numbers_with_a_fraction_can_be_computed(database: Database) -> None:
    half = select(cast(literal(1.5), sa.Float), func.sum(cast(literal(1.5), sa.Numeric(4, 2))))
    async with database.read() as db:
        assert [tuple(row) for row in await db.all(half)] == [(1.5, Decimal("1.50"))]


async def test_a_value_that_is_given_replaces_what_the_statement_brings(
    database: Database,
) -> None:
    usual: sa.Select[int] = select(bindparam("number", 5))
    async with database.read() as db:
        assert await db.scalar(usual) == 5
        assert await db.scalar(usual, number=7) == 7


async def test_two_columns_of_one_name_are_a_bug(database: Database) -> None:
    """Which of them would be meant?"""
    ambiguous = select(literal(1).label("number"), literal(2).label("number"))
    async with database.read() as db:
        with pytest.raises(TypeError, match="number"):
            await db.all(ambiguous)
