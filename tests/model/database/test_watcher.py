"""A slow statement is told by the name of its constant, and never with what was given to it."""

import logging
import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, literal, select

from model.database.unit_of_work import Database, finder
from model.database.watcher import Watcher
from model.log.event import write_events
from model.user import Users

SECRET = "correct horse"
GREETING = select(literal("Good morning!").label("said"), bindparam("to", type_=Users.name.type))
BY_NAME = finder(select(Users.id).where(Users.name == bindparam("to")), locks=[Users])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """To its watcher every statement is a slow one."""
    database = Database(database_url, before_commit=write_events, watcher=Watcher(0))
    yield database
    await database.close()


async def test_what_is_slow_is_named_and_shows_no_value(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "model.database.watcher")
    async with database.write() as db:
        await db.first(GREETING, to=SECRET)
        await db.find(BY_NAME, to=SECRET)
        await db.first(select(literal(SECRET)))
    told = [record.getMessage() for record in caplog.records]
    named = [
        re.sub(r"^a statement took \d+ ms: (tests\.model\.database\.)?", "", one) for one in told
    ]
    begin, greeting, *found, made, commit = named
    assert (begin, commit) == ("BEGIN" if not database.is_sqlite else "BEGIN IMMEDIATE", "COMMIT")
    assert greeting == "test_watcher.GREETING"
    assert set(found) == {"test_watcher.BY_NAME"}
    assert made.startswith("SELECT")
    assert SECRET not in caplog.text


async def test_what_is_fast_enough_is_not_told(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(database_url, before_commit=write_events, watcher=Watcher(60))
    async with database.read() as db:
        await db.first(GREETING, to=SECRET)
    await database.close()
    assert not caplog.records
