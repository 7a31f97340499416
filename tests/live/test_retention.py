"""Who missed what the log no longer keeps is told so, and never meets a gap in silence."""

import asyncio
import json
import socket
from datetime import timedelta

import pytest
from sqlalchemy import update
from websockets.asyncio.client import connect

from api import jobs
from api.context import Services
from model.database.table import now
from model.log.event import Events, record
from model.log.retention import Retention, prune
from tests.live.client import LiveClient, Message
from tests.support.cast import Cast

EVENTS = 1000  # more bytes than fit between a server and a client that does not read


async def post(people: Cast, times: int) -> None:
    for number in range(times):
        await people.ann.post(people.posts, {"text": str(number)})


async def grow_old(services: Services, topic: str, until: int) -> None:
    async with services.database.write() as db:
        old = (Events.topic == topic, Events.seq <= until)
        await db.run(update(Events).where(*old).values(at=now() - timedelta(days=8)))


async def test_who_stands_before_what_was_cleaned_up_fetches_again(
    people: Cast, url: str, services: Services
) -> None:
    topic = f"channel:{people.channel['id']}"
    await post(people, 5)
    await grow_old(services, topic, 3)
    await jobs.clean_up(services.database, services.store, services.settings)
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: 2})
        reset = await live.until(lambda m: m["type"] == "reset")
        assert reset == {"type": "reset", "topic": topic, "seq": 5, "reason": "retention"}
        assert (await live.subscribe(topic, after=3))["type"] == "subscribed"
        await live.event(topic, 5)
        assert [event["seq"] for event in live.events(topic)] == [4, 5]


@pytest.mark.parametrize("changed_settings", [{"live_keep_events": 4}])
async def test_who_follows_gets_every_event_whatever_is_cleaned_up_behind_it(
    people: Cast, url: str, services: Services
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: 0})
        for number in range(1, 11):
            await post(people, 1)
            await live.event(topic, number)
            await jobs.clean_up(services.database, services.store, services.settings)
        assert [event["seq"] for event in live.events(topic)] == list(range(1, 11))
        assert (await live.subscribe(topic, after=5))["reason"] == "retention"


@pytest.mark.parametrize("changed_settings", [{"live_ring_events": 1}])
async def test_who_is_too_slow_for_the_clean_up_has_all_up_to_the_reset(
    people: Cast, url: str, services: Services
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with services.database.write() as db:
        for _ in range(EVENTS):
            record(db, topic, "thing.done", {"text": "x" * 8000}, by=None)
    await grow_old(services, topic, EVENTS - 5)
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    small.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    seen: list[Message] = []

    async def read_until(*types: str) -> None:
        async with asyncio.timeout(20):
            while not seen or seen[-1]["type"] not in types:
                messages = json.loads(await slow.recv())
                seen.extend(messages if isinstance(messages, list) else [messages])

    address = url.replace("http", "ws") + "/api/live"
    async with connect(address, sock=small, max_queue=1, max_size=None) as slow:
        hello = {"type": "hello", "token": people.bob.token, "topics": {topic: 0}}
        await slow.send(json.dumps(hello))
        await read_until("event")  # what is not read yet waits: it takes no more
        assert await prune(services.database, Retention(days=7)) == EVENTS - 5
        await read_until("reset")
    numbers = [message["seq"] for message in seen if message["type"] == "event"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert seen[-1] == {"type": "reset", "topic": topic, "seq": EVENTS, "reason": "retention"}


async def test_what_went_with_an_account_is_fetched_again_by_who_had_read_everything(
    people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    written = await people.ann.post(people.posts, {"text": "tea?"})
    await people.bob.put(f"/api/posts/{written['id']}/reactions/👍")
    shown = await people.mia.get(people.posts)
    async with LiveClient(url, people.mia.token) as live:
        await live.hello(shown["live"])
        await people.bob.delete("/api/me")
        reset = await live.until(lambda m: m["type"] == "reset")
        again = await people.mia.get(people.posts)
        assert (reset["topic"], reset["seq"]) == (topic, again["live"]["topics"][topic])
        assert [post["reactions"] for post in again["posts"]] == [[]]
        assert (await live.subscribe(topic, after=reset["seq"]))["type"] == "subscribed"
        await people.ann.post(people.posts, {"text": "coffee?"})
        assert (await live.event(topic, reset["seq"] + 1))["kind"] == "post.created"
