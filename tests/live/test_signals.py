"""Signals: to the others who follow the topic, now or never."""

import asyncio
from typing import Any

from tests.live.client import LiveClient
from tests.support.cast import Cast


def signals(live: LiveClient) -> list[dict[str, Any]]:
    return [message for message in live.messages if message["type"] == "signal"]


async def test_a_signal_reaches_the_others_and_not_oneself(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        for live in (ann, bob):
            welcome = await live.hello()
            await live.subscribe(topic)
        await bob.send(type="signal", topic=topic, name="cursor", data={"x": 3, "y": [4]})
        heard = await ann.until(lambda m: m["type"] == "signal")
        assert heard == {
            "type": "signal",
            "topic": topic,
            "name": "cursor",
            "data": {"x": 3, "y": [4]},
            "from": {"id": people.bob.id, "name": "Bob", "connection": welcome["connection"]},
        }
        await ann.send(type="signal", topic=topic, name="typing")
        assert (await bob.until(lambda m: m["type"] == "signal"))["data"] is None
        assert len(signals(ann)) == len(signals(bob)) == 1


async def test_another_tab_of_the_same_person_gets_it_too(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as one, LiveClient(url, people.bob.token) as two:
        for live in (one, two):
            await live.follow(topic)
        await one.send(type="signal", topic=topic, name="typing")
        await two.until(lambda m: m["type"] == "signal")
        assert not signals(one)


async def test_of_the_same_signal_only_the_newest_is_passed_on(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        for live in (ann, bob):
            await live.follow(topic)
        for number in range(50):
            await bob.send(type="signal", topic=topic, name="position", data=number)
        await ann.until(lambda m: m["type"] == "signal" and m["data"] == 49)
        heard = [message["data"] for message in signals(ann)]
        assert heard == sorted(heard)
        assert len(heard) < 50


async def test_too_many_signals_are_dropped_and_far_too_many_are_a_flood(
    people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as bob:
        await bob.follow(topic)
        for number in range(90):
            await bob.send(type="signal", topic=topic, name="position", data=number)
        await bob.send(type="ping")
        await bob.until(lambda m: m["type"] == "pong")
        for number in range(1000):
            await bob.send(type="signal", topic=topic, name="position", data=number)
            if bob.is_closed:
                break
        assert await bob.closed() == 4429


async def test_only_who_follows_a_topic_may_signal_there(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.eve.token) as eve:
        await ann.follow(topic)
        await eve.hello()
        assert (await eve.subscribe(topic))["type"] == "error"
        await eve.send(type="signal", topic=topic, name="typing")
        await eve.until(lambda m: m["type"] == "error" and m["code"] == "not_subscribed")
        await ann.send(type="signal", topic=topic, name="big", data="x" * 1100)
        await ann.until(lambda m: m["type"] == "error" and m["code"] == "too_large")
        assert not signals(ann)


async def test_who_has_lost_the_right_gets_no_signal_any_more(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with (
        LiveClient(url, people.ann.token) as ann,
        LiveClient(url, people.mia.token) as mia,
        LiveClient(url, people.bob.token) as bob,
    ):
        for live in (ann, mia, bob):
            await live.follow(topic)
        await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
        await bob.until(lambda m: m["type"] == "revoked")
        await ann.send(type="signal", topic=topic, name="typing")
        await mia.until(lambda m: m["type"] == "signal")
        await bob.send(type="ping")
        await bob.until(lambda m: m["type"] == "pong")
        assert not signals(bob)


async def test_signals_are_never_stored(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        for live in (ann, bob):
            await live.follow(topic)
        await bob.send(type="signal", topic=topic, name="typing")
        await ann.until(lambda m: m["type"] == "signal")
    async with LiveClient(url, people.ann.token) as later:
        await later.hello()
        assert (await later.subscribe(topic, after=0))["seq"] == 0
        await asyncio.wait_for(later.send(type="ping"), 5)
        await later.until(lambda m: m["type"] == "pong")
        assert not signals(later)
