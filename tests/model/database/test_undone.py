"""SQLite may undo a whole transaction by itself: when the disk is full, for example."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import func, insert, select, text

from model.database.unit_of_work import Database
from model.errors import TryAgain
from model.log.event import Topics, write_events

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ADD_TOPIC = insert(Topics).values(name="user:1", seq=0, floor=0)
NUMBER = select(func.count()).select_from(Topics)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


@pytest.mark.parametrize("has_session", [False, True])
async def test_who_goes_on_then_changes_nothing(database: Database, has_session: bool) -> None:
    """Else each statement would be committed by itself."""
    with pytest.raises(TryAgain):
        async with database.write() as db:
            await db.run(text("ROLLBACK"))
            with suppress(TryAgain):
                await (db.session.execute(ADD_TOPIC) if has_session else db.run(ADD_TOPIC))
    async with database.read() as db:
        assert await db.scalar_one(NUMBER) == 0
    async with database.write() as db:
        db.session.add(Topics(name="user:3", seq=0, floor=0))
    async with database.read() as db:
        assert await db.scalar_one(NUMBER) == 1


async def test_a_unit_of_work_runs_one_statement_at_a_time(database: Database) -> None:
    """A second one could interrupt the first: then SQLite would undo everything."""
    async with database.write() as db:
        await db.run(ADD_TOPIC)
        many = [{"name": f"user:{number}", "seq": 0, "floor": 0} for number in range(2, 20_000)]
        adding = asyncio.create_task(db.run_for_each(insert(Topics), many))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await db.all(select(Topics.name, NUMBER.scalar_subquery()))
        await adding
    async with database.read() as db:
        assert await db.scalar_one(NUMBER) == 19_999
