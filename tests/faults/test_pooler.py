"""PostgreSQL behind PgBouncer, as hosts of databases offer it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from model.database.lock import taken
from model.database.unit_of_work import Database
from model.log.event import write_events
from tests.live.client import LiveClient
from tests.support.cast import Cast, Stages
from tests.support.databases import PostgreSQL
from tests.support.pooler import pgbouncer


@pytest.fixture
def database_url(
    request: pytest.FixtureRequest, postgresql: Stages[PostgreSQL], tmp_path: Path
) -> Iterator[str]:
    """The application of these tests reaches its database through the pooler."""
    postgresql.database.put_back("cast")
    with pgbouncer(postgresql.database.url, request.param, tmp_path) as url:
        yield url


@pytest.mark.parametrize("database_url", ["transaction", "session"], indirect=True)
async def test_a_class_posts_and_follows_behind_a_pooler(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        seq = (await live.follow(topic))["seq"]
        writing = [people.ann.post(people.posts, {"text": str(n)}) for n in range(20)]
        reading = [people.bob.get("/api/groups") for _ in range(20)]
        await asyncio.gather(*writing, *reading)
        await live.event(topic, seq + 20)
    listed = await people.bob.get(people.posts)
    assert {post["text"] for post in listed["posts"]} == {str(n) for n in range(20)}


LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "jit")


@pytest.mark.parametrize("database_url", ["silent"], indirect=True)
async def test_the_limits_hold_behind_a_pooler_and_nothing_is_left_in_its_sessions(
    database_url: str, tmp_path: Path
) -> None:
    database, other = [Database(database_url, before_commit=write_events) for _ in range(2)]
    for unit in (database.read, database.write):
        async with unit() as db:
            held = [await db.scalar(text(f"SHOW {name}")) for name in LIMITS]
        assert held == ["5s", "2s", "5s", "off"]
    async with database.read(once=True) as db:
        assert await db.scalar(select(func.current_setting("statement_timeout"))) == "5s"
    lock = tmp_path / "jobs.lock"
    async with taken(database, lock) as is_ours, taken(other, lock) as is_theirs:
        assert (is_ours, is_theirs) == (True, False)
    async with taken(other, lock) as is_theirs:
        assert is_theirs
    plain = make_url(database_url).set(drivername="postgresql")
    stranger = await asyncpg.connect(
        plain.render_as_string(hide_password=False), statement_cache_size=0
    )
    async with stranger.transaction():
        left = [await stranger.fetchval(f"SHOW {name}") for name in LIMITS]
        assert await stranger.fetchval("SELECT count(*) FROM pg_prepared_statements") == 0
    assert left == ["0", "0", "0", "on"]
    await stranger.close()
    for each in (database, other):
        await each.close()
