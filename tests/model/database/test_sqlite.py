"""What is particular about a connection to a file."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.engine import make_url

from model.database.unit_of_work import Database
from model.log.event import record, write_events

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_whoever_comes_first_to_write_while_a_killed_process_is_cleared_up_after_waits(
    database_url: str,
) -> None:
    database = Database(database_url, before_commit=write_events)

    async def write() -> None:
        async with database.write() as db:
            record(db, "channel:1", "thing.done", {}, by=None)

    file = str(make_url(database_url).database)
    with closing(sqlite3.connect(file, isolation_level=None)) as recovering:
        recovering.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
        writing = asyncio.create_task(write())
        await asyncio.wait({writing}, timeout=0.3)
        assert not writing.done()
    await writing
    await database.close()
