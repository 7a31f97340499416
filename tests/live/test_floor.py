"""An event up to its topic's floor does not exist at any door, though its row is still there."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update

from api.context import Services
from model.live.feed import Feed
from model.live.ring import Ring
from model.log.cursor import events_after, events_between
from model.log.event import Events, Topics
from tests.live.client import LiveClient
from tests.live.event_stream import streaming
from tests.support.cast import Cast

FLOOR, LAST = 3, 5


@pytest.fixture
async def topic(people: Cast, services: Services) -> AsyncIterator[str]:
    """Of the channel, whose floor has risen; all rows of its events are there until the end."""
    topic = f"channel:{people.channel['id']}"
    for number in range(1, LAST + 1):
        await people.ann.post(people.posts, {"text": f"post {number}"})
    async with services.database.write() as db:
        await db.run(update(Topics).where(Topics.name == topic).values(floor=FLOOR))
    yield topic
    async with services.database.read() as db:
        rows = select(func.count()).select_from(Events).where(Events.topic == topic)
        assert await db.scalar(rows) == LAST


async def test_the_log_has_what_is_behind_the_floor(people: Cast, topic: str) -> None:
    path = f"/api/topics/{topic}/events"
    for after in range(FLOOR):
        answer = await people.bob.get(f"{path}?after={after}", status=409)
        assert answer["code"] == "reset_retention"
    found = await people.bob.get(f"{path}?after={FLOOR}")
    assert [event["seq"] for event in found["events"]] == [4, 5]


async def test_a_socket_is_reset_below_the_floor_and_replays_from_there(
    people: Cast, url: str, topic: str
) -> None:
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: FLOOR - 1})
        reset = await live.until(lambda m: m["type"] == "reset")
        assert reset == {"type": "reset", "topic": topic, "seq": LAST, "reason": "retention"}
        await live.subscribe(topic, after=FLOOR)
        await live.event(topic, LAST)
        assert [event["seq"] for event in live.events(topic)] == [4, 5]


async def test_a_stream_is_reset_below_the_floor(people: Cast, url: str, topic: str) -> None:
    epoch = (await people.bob.get(people.posts))["live"]["epoch"]
    seen = json.dumps({"epoch": epoch, "topics": {topic: FLOOR - 1}})
    given = {"Authorization": f"Bearer {people.bob.token}", "Last_Event_ID": seen}
    async with streaming(url, topic, **given) as live:
        assert (await live.until("reset", topic=topic))["reason"] == "retention"
        assert not [message for message in live.messages if message["type"] == "event"]


async def test_whoever_reads_the_log_from_its_beginning_meets_the_floor(
    services: Services, topic: str
) -> None:
    async with services.database.read() as db:
        looked_at = await events_after(db, {topic: 0}, 10)
        between = await events_between(db, topic, after=0, until=LAST, limit=10)
        first = await events_between(db, topic, after=0, until=LAST, limit=1)
    assert [row.seq for row in looked_at] == [row.seq for row in between] == [4, 5]
    assert [row.seq for row in first] == [4]


async def test_a_worker_that_stood_still_never_takes_what_is_below_the_floor(
    services: Services, topic: str
) -> None:
    feed = Feed(services.database)
    await feed.open()
    ring = feed.rings[topic] = Ring(1)
    await feed.look([topic])
    assert (ring.base, ring.head) == (FLOOR, LAST)
