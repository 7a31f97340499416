"""Whatever is left of a topic is sent without anything new coming there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from api.context import Services
from api.live import connection
from api.live.commands import sign_in, subscribe
from api.live.protocol import Hello
from model.errors import TryAgain
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.subscription import FeedLimits
from tests.live.test_cost import refuse
from tests.live.test_pushing import MORE_THAN_A_FRAME, Publisher, Taker, rows_of
from tests.support.cast import Cast

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def following(people: Cast, services: Services) -> AsyncIterator[tuple[Taker, Publisher]]:
    """Bob's connection, to whose topic somebody writes; the feed looks only when it is told to.

    It keeps one event in memory.
    """
    feed = Feed(services.database, FeedLimits(ring_events=1))
    served = replace(services, feed=feed, presence=Presence(feed, services.bus, services.worker))
    bob, publisher = Taker(served, push=refuse), Publisher(served, f"user:{people.bob.id}")
    await bob.follow(publisher.topic, people.bob.token or "")
    yield bob, publisher
    await bob.end()


async def test_what_is_in_memory_reaches_whoever_follows_from_before_it(
    people: Cast, following: tuple[Taker, Publisher]
) -> None:
    bob, publisher = following
    publisher.services.feed.fill(await rows_of(publisher))
    await bob.until("event")
    other = Taker(publisher.services, push=refuse)
    await sign_in(Hello(token=people.bob.token), other.connection)
    await other.until("welcome")
    head = publisher.services.feed.rings[publisher.topic].head
    await subscribe({publisher.topic: head - 1}, None, None, other.connection)
    await other.until("subscribed", "event")
    await other.end()


async def test_what_is_more_than_a_frame_is_sent_in_the_next_one(
    following: tuple[Taker, Publisher],
) -> None:
    bob, publisher = following
    publisher.services.feed.limits = FeedLimits()
    publisher.services.feed.fill(await rows_of(publisher, events=MORE_THAN_A_FRAME))
    await bob.until("event", "event")


async def test_what_could_not_be_read_is_read_a_little_later(
    following: tuple[Taker, Publisher], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, publisher = following
    replay, failures = Feed.replay, [TryAgain()]

    async def fails_once(self: Feed, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await replay(self, *arguments)

    monkeypatch.setattr(connection, "TRY_AGAIN_AFTER_S", 0.01)
    monkeypatch.setattr(Feed, "replay", fails_once)
    publisher.services.feed.fill(await rows_of(publisher, events=3))
    await bob.until("event")
    assert not failures
