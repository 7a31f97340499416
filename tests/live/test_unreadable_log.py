"""A worker that cannot look at the log sends its connections to others, until it can again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from model.live import feed
from tests.api.browser import problem
from tests.live.client import LiveClient
from tests.live.event_stream import streaming
from tests.support.cast import Cast
from tests.support.people import Visitor

WITHIN_S = 20


@asynccontextmanager
async def unreadable(database_url: str) -> AsyncIterator[None]:
    """As long as this lasts, no look at the log succeeds."""
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("ALTER TABLE events RENAME TO events_gone"))
        yield
        await connection.execute(text("ALTER TABLE events_gone RENAME TO events"))
    await engine.dispose()


@pytest.mark.own_database
async def test_connections_are_sent_away_and_ready_says_why_until_a_look_succeeds(
    people: Cast, visitor: Visitor, url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STALE_AFTER_S", 0.5)
    topic = f"channel:{people.channel['id']}"
    authorized = {"Authorization": f"Bearer {people.bob.token}"}
    async with LiveClient(url, people.bob.token) as live:
        seq = (await live.follow(topic))["seq"]
        async with streaming(url, topic, **authorized) as stream, unreadable(database_url):
            assert await live.closed() == 1012
            assert (await stream.until("bye"))["code"] == 1012
            problem(await visitor.ask("GET", "/ready"), 503, "log_not_readable")
            assert await visitor.get("/health") == {"status": "ok"}
            async with LiveClient(url, people.bob.token) as refused:
                await refused.send(type="hello", token=people.bob.token)
                assert await refused.closed() == 1012
            async with streaming(url, topic, **authorized) as refused_stream:
                assert (await refused_stream.until("bye"))["code"] == 1012
    async with asyncio.timeout(WITHIN_S):
        while (await visitor.ask("GET", "/ready")).status != 200:
            await asyncio.sleep(0.05)
    await people.ann.post(people.posts, {"text": "Good morning!"})
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: seq})
        await live.event(topic, seq + 1)
