"""Following topics: hello, subscribe, events once and in order, resume, reset."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, update

from api.context import Services
from model.log.event import Epochs, Events, Topics
from tests.live.client import LiveClient
from tests.support.cast import Cast


async def test_a_list_and_what_follows_it_have_no_hole_and_no_overlap(
    people: Cast, url: str
) -> None:
    await people.ann.post(people.posts, {"text": "before"})
    listed = await people.bob.get(people.posts)
    await people.ann.post(people.posts, {"text": "between"})
    async with LiveClient(url, people.bob.token) as live:
        welcome = await live.hello(listed["live"])
        assert welcome["user"] == {"id": people.bob.id, "name": "Bob", "avatar": None}
        await people.ann.post(people.posts, {"text": "after"})
        (topic,) = listed["live"]["topics"]
        await live.event(topic, 3)
        assert [event["data"]["text"] for event in live.events(topic)] == ["between", "after"]


async def test_an_event_shows_what_http_shows_and_which_request_made_it(
    people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        answer = await live.subscribe(topic)
        assert (answer["type"], answer["topic"], answer["seq"]) == ("subscribed", topic, 0)
        made = await people.ann.ask("POST", people.posts, {"text": "Hello"})
        event = await live.event(topic, 1)
        assert event["kind"] == "post.created"
        assert event["data"] == made.body == await people.bob.get(f"/api/posts/{made.body['id']}")
        assert event["by"] == people.ann.id
        assert event["tx"] == made.headers["X-Request-Id"]
        assert event["at"].endswith("Z")


async def test_what_is_unsubscribed_does_not_come_any_more(people: Cast, url: str) -> None:
    topic, group = f"channel:{people.channel['id']}", f"group:{people.group['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        await live.subscribe(group)
        await live.send(type="unsubscribe", id="u", topic=topic)
        await live.until(lambda m: m["type"] == "unsubscribed" and m["id"] == "u")
        await people.ann.post(people.posts, {"text": "unheard"})
        await people.ann.patch(f"/api/groups/{people.group['id']}", {"name": "other"})
        await live.until(lambda m: m.get("kind") == "group.edited")
        assert live.events(topic) == []


async def test_many_events_are_replayed_in_order_beyond_the_ring(people: Cast, url: str) -> None:
    for number in range(260):
        await people.ann.post(people.posts, {"text": str(number)})
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(topics={topic: 0})
        await live.event(topic, 260)
        assert [event["seq"] for event in live.events(topic)] == list(range(1, 261))
        assert [event["data"]["text"] for event in live.events(topic)] == [
            str(number) for number in range(260)
        ]


@pytest.mark.parametrize("changed_settings", [{"live_replay_events": 10}])
async def test_who_is_too_far_behind_is_told_to_fetch_again(people: Cast, url: str) -> None:
    for number in range(12):
        await people.ann.post(people.posts, {"text": str(number)})
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        reset = await live.subscribe(topic, after=1)
        assert (reset["type"], reset["reason"], reset["seq"]) == ("reset", "limit", 12)
        assert (await live.subscribe(topic, after=2))["type"] == "subscribed"


async def test_a_number_that_was_never_given_out_is_another_life_of_the_log(
    people: Cast, url: str, services: Services
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        reset = await live.subscribe(topic, after=5)
        assert (reset["type"], reset["reason"]) == ("reset", "epoch")
    listed = await people.bob.get(people.posts)
    async with services.database.write() as db:
        await db.run(update(Epochs).values(name="restored"))
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(listed["live"])
        await live.until(lambda m: m["type"] == "reset" and m["reason"] == "epoch")


async def test_who_missed_what_is_no_longer_kept_is_told_so(
    people: Cast, url: str, services: Services
) -> None:
    topic = f"channel:{people.channel['id']}"
    for number in range(4):
        await people.ann.post(people.posts, {"text": str(number)})
    async with services.database.write() as db:
        await db.run(delete(Events).where(Events.topic == topic, Events.seq <= 2))
        await db.run(update(Topics).where(Topics.name == topic).values(floor=2))
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        reset = await live.subscribe(topic, after=1)
        assert (reset["type"], reset["reason"], reset["seq"]) == ("reset", "retention", 4)
        assert (await live.subscribe(topic, after=2))["type"] == "subscribed"
        await live.event(topic, 4)


async def test_deleted_and_edited_text_is_gone_from_the_log_and_from_the_ring(
    people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.mia.token) as serving:  # keeps the ring of the topic alive
        await serving.hello()
        await serving.subscribe(topic)
        edited = await people.ann.post(people.posts, {"text": "first words"})
        deleted = await people.ann.post(people.posts, {"text": "last words"})
        reply = {"text": "answered words", "parent_id": deleted["id"]}
        answer = await people.bob.post(people.posts, reply)
        await serving.event(topic, 3)
        await people.ann.patch(f"/api/posts/{edited['id']}", {"text": "other"})
        await people.ann.delete(f"/api/posts/{deleted['id']}")
        await serving.event(topic, 5)
        async with LiveClient(url, people.bob.token) as late:
            await late.hello(topics={topic: 0})
            await late.event(topic, 5)
            events = late.events(topic)
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert events[0]["data"] == {"id": edited["id"], "gone": True}
    assert events[1]["data"] == {"id": deleted["id"], "gone": True}
    assert events[2]["data"] == {"id": answer["id"], "gone": True}
    assert events[3]["data"]["text"] == "other"
    assert "words" not in str(events)


async def test_a_reset_ends_what_was_followed_before(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        assert (await live.subscribe(topic, after=99))["type"] == "reset"
        await people.ann.post(people.posts, {"text": "for those who follow"})
        head = (await live.subscribe(topic))["seq"]
        await people.ann.post(people.posts, {"text": "again"})
        await live.event(topic, head + 1)
        assert [event["seq"] for event in live.events(topic)] == [head + 1]


async def test_commands_that_come_together_are_carried_out_in_order(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    for number in range(3):
        await people.ann.post(people.posts, {"text": str(number)})
    async with LiveClient(url, people.bob.token) as live:
        commands: list[dict[str, Any]] = [
            {"type": "hello", "token": people.bob.token, "topics": {topic: 0}},
            {"type": "unsubscribe", "topic": topic, "id": 1},
            {"type": "unsubscribe", "topic": topic, "id": 2},
            {"type": "subscribe", "topic": topic, "after": 1, "id": 3},
            {"type": "subscribe", "topic": topic, "after": 2, "id": 4},
        ]
        await asyncio.gather(*(live.send(**command) for command in commands))
        await live.until(lambda m: m.get("id") == 4)
        answers = [(m["type"], m["id"]) for m in live.messages if m.get("id")]
        assert answers == [
            ("unsubscribed", 1), ("error", 2), ("subscribed", 3), ("subscribed", 4),
        ]  # fmt: skip
        await people.ann.post(people.posts, {"text": "3"})
        await live.event(topic, 4)
        newest = live.messages.index(await live.until(lambda m: m.get("id") == 4))
        behind = [m["seq"] for m in live.messages[newest:] if m["type"] == "event"]
        assert behind == [3, 4]
