"""Old and new code beside each other on one database, and the name of the log's life."""

import asyncio

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from model import schema
from model.database.unit_of_work import Database
from model.log.event import Epochs, write_events


async def epoch(url: str) -> str:
    database = Database(url, before_commit=write_events)
    async with database.read() as db:
        name = await db.scalar(select(Epochs.name))
    await database.close()
    return str(name)


async def execute(url: str, statement: str) -> None:
    database = Database(url, before_commit=write_events)
    async with database.write() as db:
        await db.run(text(statement))
    await database.close()


async def checked(url: str) -> None:
    database = Database(url, before_commit=write_events)
    try:
        await schema.check(database)
    finally:
        await database.close()


async def test_code_works_on_a_newer_schema_that_still_takes_it(database_url: str) -> None:
    await execute(database_url, "UPDATE schema SET head = '9999'")
    await checked(database_url)
    await schema.prepare(database_url)


async def test_code_refuses_a_schema_that_no_longer_takes_it(database_url: str) -> None:
    await execute(database_url, "UPDATE schema SET head = '9999', oldest_code = '9998'")
    with pytest.raises(schema.SchemaMismatch, match="needs newer code"):
        await checked(database_url)
    with pytest.raises(schema.SchemaMismatch, match="needs newer code"):
        await schema.prepare(database_url)


async def test_a_worker_refuses_a_schema_that_is_too_old_for_it(database_url: str) -> None:
    await execute(database_url, "UPDATE schema SET head = '0000'")
    with pytest.raises(schema.SchemaMismatch, match="older than this code"):
        await checked(database_url)


async def test_the_epoch_stays_over_starts(database_url: str) -> None:
    first = await epoch(database_url)
    await schema.prepare(database_url)
    assert await epoch(database_url) == first


async def test_lost_power_makes_a_new_epoch_where_commits_may_be_lost(database_url: str) -> None:
    first = await epoch(database_url)
    await schema.prepare(database_url, lossy=True)
    await schema.prepare(database_url, lossy=True)
    assert await epoch(database_url) == first, "an unclean stop of the process loses nothing"
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        await db.run(update(Epochs).values(running_boot="another boot"))
    await database.close()
    await schema.prepare(database_url, lossy=True)
    second = await epoch(database_url)
    assert second != first
    await schema.note_clean_stop(database_url)
    await schema.prepare(database_url, lossy=True)
    assert await epoch(database_url) == second


async def test_a_start_does_not_wait_for_ever_for_another_one_that_migrates(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_LOCKED_FOR_AT_MOST_S", 0.2)
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        lock = "SELECT 1" if database.is_sqlite else "SELECT pg_advisory_xact_lock(:lock)"
        values = {} if database.is_sqlite else {"lock": schema._POSTGRESQL_LOCK}
        await db.scalar(text(lock), **values)
        with pytest.raises(DBAPIError, match="lock"):
            async with asyncio.timeout(10):
                await schema.prepare(database_url)
    await database.close()
