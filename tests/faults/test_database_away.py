"""PostgreSQL behind something that forgets connections: packets vanish, and nobody is told.

Some take 3 to 8 seconds, which are deadlines of the server that they wait for.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.app import create_app
from api.settings import Settings
from model.channel import find_channel
from model.database.engine import Patience
from model.database.lock import taken
from model.database.trouble import Away
from model.database.unit_of_work import Database, Transaction
from model.errors import OutcomeUnknown, TryAgain
from model.log.event import write_events
from model.post import Posts, write_post
from model.session import find_caller
from tests.api.browser import problem
from tests.live.client import LiveClient
from tests.support.cast import Cast, Stages
from tests.support.databases import PostgreSQL
from tests.support.people import Visitor
from tests.support.proxy import Proxy

WITHIN_S = 20
IMPATIENT = Patience(lock_s=2, statement_s=0.5)
LONG = select(func.pg_sleep(1))
NEWEST = select(Posts.text).order_by(Posts.id.desc())
AT_LAST = {"text": "At last!"}


@pytest.fixture
def direct_url(postgresql: Stages[PostgreSQL]) -> str:
    postgresql.database.put_back("cast")
    return postgresql.database.url


@pytest.fixture
def proxy(direct_url: str) -> Iterator[Proxy]:
    with Proxy(direct_url) as proxy:
        yield proxy


@pytest.fixture
def database_url(proxy: Proxy) -> str:
    """The application of these tests reaches its database through the proxy."""
    return proxy.url


@pytest.fixture
async def elsewhere(direct_url: str) -> AsyncIterator[Database]:
    """The same database, as a server on another machine reaches it."""
    database = Database(direct_url, before_commit=write_events)
    yield database
    await database.close()


async def write_elsewhere(database: Database, people: Cast, text: str) -> None:
    async with database.write() as db:
        by = await find_caller(db, people.ann.token)
        assert by
        channel = await find_channel(db, people.channel["id"], reader=by)
        await write_post(db, channel, text, by=by)


async def test_events_come_although_the_connections_so_far_are_forgotten(
    people: Cast, url: str, proxy: Proxy, elsewhere: Database
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        seq = (await live.follow(topic))["seq"]
        proxy.forget()
        await write_elsewhere(elsewhere, people, "Good morning!")
        await live.event(topic, seq + 1)
        assert not live.is_closed


async def test_of_forgotten_connections_one_fails_and_then_all_are_made_anew(
    proxy: Proxy,
) -> None:
    database = Database(proxy.url, before_commit=write_events, patience=IMPATIENT)

    async def read() -> None:
        async with database.read() as db:
            await db.scalar(select(1))

    async def write() -> None:
        async with database.write() as db:
            await db.scalar(select(1))

    await asyncio.gather(*[unit() for unit in (read, write) * 4])
    proxy.forget()
    async with asyncio.timeout(WITHIN_S):
        with pytest.raises(TryAgain):
            await read()
        await asyncio.gather(*[unit() for unit in (read, write) * 4])
    await database.close()


async def test_a_worker_that_cannot_look_at_the_log_says_so_until_it_can_again(
    people: Cast,
    visitor: Visitor,
    url: str,
    proxy: Proxy,
    elsewhere: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        seq = (await live.follow(topic))["seq"]
        await write_elsewhere(elsewhere, people, "Good morning!")
        await live.event(topic, seq + 1)
        proxy.go_dark()
        await write_elsewhere(elsewhere, people, "Nobody hears me.")
        assert await live.closed(WITHIN_S) == 1012
        assert live.messages[-1]["type"] == "bye"
        assert live.messages[-1]["retry_after"] >= 0
    problem(await visitor.ask("GET", "/ready"), 503, "database_away")
    assert await visitor.get("/health") == {"status": "ok"}
    async with LiveClient(url, people.bob.token) as live:
        await live.send(type="hello", token=people.bob.token)
        assert await live.closed() == 1012
    proxy.come_back()
    async with asyncio.timeout(WITHIN_S):
        while (await visitor.ask("GET", "/ready")).status != 200:
            await asyncio.sleep(0.05)
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: seq + 1})
        await live.event(topic, seq + 2)
    away, back = [one.getMessage() for one in caplog.records if one.name == Away.__module__]
    assert away == "the database does not answer, and is asked on: TimeoutError"
    assert re.fullmatch(r"the database answers again, after \d+\.\d s", back)


async def test_a_worker_stops_in_time_although_its_database_is_dead(
    settings: Settings, proxy: Proxy
) -> None:
    async with asyncio.timeout(WITHIN_S):
        async with create_app(settings, prepared=True).test_app():
            proxy.go_dark()


async def test_what_nobody_waits_for_may_take_longer_than_what_somebody_waits_for(
    direct_url: str,
) -> None:
    database = Database(direct_url, before_commit=write_events, patience=IMPATIENT)
    with pytest.raises(TryAgain):
        async with database.read() as db:
            await db.scalar(LONG)
    async with database.at_leisure() as leisurely, leisurely.write() as db:
        await db.scalar(LONG)
    await database.close()


async def test_whoever_has_the_lock_of_the_jobs_lets_go_of_it_although_the_database_is_dead(
    proxy: Proxy, tmp_path: Path
) -> None:
    database = Database(proxy.url, before_commit=write_events)
    async with asyncio.timeout(WITHIN_S):
        async with taken(database, tmp_path / "jobs.lock") as is_ours:
            assert is_ours
            proxy.go_dark()


async def test_a_node_that_lost_power_in_its_commit_does_not_hold_a_channel_up_for_long(
    people: Cast, direct_url: str
) -> None:
    with Proxy(direct_url) as to_the_node:
        node = Database(to_the_node.url, before_commit=write_events, patience=IMPATIENT)
        with pytest.raises(OutcomeUnknown):
            async with node.write() as db:
                by = await find_caller(db, people.ann.token)
                assert by
                await find_channel(db, people.channel["id"], reader=by)
                to_the_node.go_dark()
                async with asyncio.timeout(WITHIN_S):
                    while (await people.bob.ask("POST", people.posts, AT_LAST)).status != 201:
                        await asyncio.sleep(0.05)
        await node.close()


async def test_of_what_may_be_committed_nobody_is_told_that_nothing_was_changed(
    people: Cast, proxy: Proxy, elsewhere: Database
) -> None:
    async def lose_the_next_answer(db: Transaction) -> None:
        await write_events(db)
        proxy.forget_answers()

    database = Database(proxy.url, before_commit=lose_the_next_answer, patience=IMPATIENT)
    with pytest.raises(OutcomeUnknown):
        await write_elsewhere(database, people, "Good morning!")
    async with elsewhere.read() as db:
        assert await db.scalar(NEWEST) == "Good morning!"
    await database.close()
