"""Connections to PostgreSQL: what they cost, and what is seen of it when they are lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text

from model.database.failure import StatementFailed
from model.database.unit_of_work import READERS, Database
from model.errors import Conflict, TryAgain
from model.log.event import Epochs, Topics, write_events
from model.user import Users, create_user
from tests.support.proxy import Proxy

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

TOPICS = select(Topics.name)
ADD_TOPIC = insert(Topics).values(seq=0, floor=0)
NAMES = select(Users.name)
END_THE_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
    " datname = current_database() AND application_name = 'homeroom' AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with Proxy(database_url) as proxy:
        yield proxy


async def test_only_what_reads_once_goes_without_begin_and_end(
    proxy: Proxy,
) -> None:
    database = Database(proxy.url, before_commit=write_events)

    async def read(statements: int) -> None:
        async with database.read() as db:
            for _ in range(statements):
                await db.all(NAMES)

    async def read_once() -> None:
        async with database.read(once=True) as db:
            await db.all(NAMES)

    async def write(names: list[str]) -> None:
        async with database.write() as db:
            await db.run_for_each(ADD_TOPIC, [{"name": name} for name in names])
            await db.all(TOPICS)

    await read(1)
    await write(["the first statements", "are prepared"])
    costs = []
    for unit in (read_once(), read(1), read(3), write(["a"]), write([*"bcdefgh"])):
        before = proxy.round_trips
        await unit
        costs.append(proxy.round_trips - before)
    assert costs == [1, 3, 5, 4, 4]
    await database.close()


async def test_limits_hold_for_what_is_read_once(database: Database) -> None:
    async with database.read(once=True) as db:
        assert await db.scalar(select(func.current_setting("statement_timeout"))) == "5s"


async def test_whoever_goes_on_after_a_statement_has_failed_commits_nothing(
    database: Database,
) -> None:
    told: list[object] = []
    database.committed = told.extend
    with pytest.raises(StatementFailed):
        async with database.write() as db:
            await create_user(db, "ann", "Ann", "-")
            with suppress(asyncpg.PostgresError):
                await db.all(text("SELECT 1 / 0"))
    async with database.read() as db:
        assert await db.all(NAMES) == []
    assert told == []


async def test_a_refusal_leaves_its_connection_to_others(database: Database) -> None:
    pids = set()
    for _ in range(3):
        with pytest.raises(Conflict):
            async with database.write() as db:
                pids.add(await db.scalar(text("SELECT pg_backend_pid()")))
                raise Conflict("never", "Never.")
    assert len(pids) == 1


async def test_connections_that_the_server_has_ended_are_not_handed_out_twice(
    database: Database, database_url: str
) -> None:
    async def read() -> None:
        async with database.read() as db:
            await db.all(NAMES)

    await asyncio.gather(*[read() for _ in range(READERS)])
    other = Database(database_url, before_commit=write_events)
    async with other.write() as db:
        assert await db.scalar(END_THE_OTHERS) == READERS
    await other.close()
    for outcome in await asyncio.gather(*[read() for _ in range(READERS)], return_exceptions=True):
        assert outcome is None or isinstance(outcome, TryAgain)
    await asyncio.gather(*[read() for _ in range(READERS)])


@pytest.mark.own_database  # it changes a table
async def test_after_a_migration_whoever_asks_is_told_to_try_again_once_at_most(
    database: Database,
) -> None:
    """What PostgreSQL has prepared does not fit the new types any more."""
    refused = 0

    async def read() -> None:
        nonlocal refused
        try:
            async with database.read() as db:
                await db.all(select(Epochs.name))
                await db.session.scalar(select(Epochs.running_boot))
        except TryAgain:
            refused += 1

    await asyncio.gather(*[read() for _ in range(8)])
    async with database.write() as db:
        await db.run(text("ALTER TABLE epochs ALTER name TYPE text, ALTER running_boot TYPE text"))
    for _ in range(8):
        await read()
    assert refused == 1
