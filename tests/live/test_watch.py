"""Watching: whoever asks is told where there are new posts, and never of what she may not read."""

import asyncio
import json
from collections import ChainMap
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest
from sqlalchemy import insert

from api.context import Services
from model.database.table import now
from model.live.feed import Feed
from model.live.subscription import FeedLimits, Reader
from model.post import Posts
from tests.live.client import LiveClient
from tests.live.event_stream import streaming
from tests.support.cast import NAMES, Cast

Watching = dict[str, LiveClient]


@pytest.fixture
async def watching(people: Cast, url: str) -> AsyncIterator[Watching]:
    """A connection of each of the cast; all of them watch."""
    async with AsyncExitStack() as stack:
        found = {}
        for name in NAMES:
            live = LiveClient(url, people.named(name).token)
            found[name] = await stack.enter_async_context(live)
            await live.hello()
            await live.send(type="watch", id="watch")
            await live.until(lambda m: m["type"] == "watching" and m["id"] == "watch")
        yield found


def told(live: LiveClient) -> dict[str, int]:
    """By channel, what was told last."""
    groups = [m["groups"] for m in live.messages if m["type"] == "newest"]
    return dict(ChainMap(*(channels for group in groups[::-1] for channels in group.values())))


async def told_to_all(
    watching: Watching, knows: str, channel_id: int, post_id: int | None = None
) -> dict[str, dict[str, int]]:
    """What everybody has been told when one of them knows of a new post; then it is forgotten."""

    def tells(message: Any) -> bool:
        if message["type"] != "newest":
            return False
        newest = ChainMap(*message["groups"].values()).get(f"{channel_id}")
        return newest is not None and post_id in {None, newest}

    await watching[knows].until(tells)
    for live in watching.values():
        await live.send(type="ping")
        await live.until(lambda m: m["type"] == "pong")
    found = {name: told(live) for name, live in watching.items()}
    for live in watching.values():
        live.messages.clear()
    return found


async def channel(people: Cast, kind: str) -> Any:
    path = f"/api/groups/{people.group['id']}/channels"
    return await people.mia.post(path, {"name": kind, "kind": kind})


async def write(people: Cast, channel_id: int) -> int:
    post = await people.mia.post(f"/api/channels/{channel_id}/posts", {"text": "Good morning!"})
    return int(post["id"])


async def test_each_is_told_of_new_posts_by_others_in_channels_that_she_may_read(
    people: Cast, watching: Watching
) -> None:
    general = people.channel
    private, announce = [await channel(people, kind) for kind in ("private", "announce")]
    await people.mia.put(f"/api/channels/{private['id']}/members/{people.bob.id}", status=204)
    ids = [one["id"] for one in (general, private, announce)]
    in_all = {f"{channel_id}": await write(people, channel_id) for channel_id in ids}
    in_open = {key: value for key, value in in_all.items() if key != f"{private['id']}"}
    found = await told_to_all(watching, "bob", announce["id"])
    assert found == {"root": {}, "ann": in_open, "mia": {}, "bob": in_all, "eve": {}}

    # Rights that are changed before the posts
    await people.mia.delete(f"/api/channels/{private['id']}/members/{people.bob.id}")
    await people.ann.put(f"/api/channels/{private['id']}/members/{people.ann.id}", status=204)
    of_group = f"/api/groups/{people.group['id']}"
    code = await people.ann.post(f"{of_group}/join-code", {})
    await people.eve.post("/api/memberships", {"join_code": code["join_code"]})
    in_all = {key: await write(people, int(key)) for key in in_all}
    in_open = {key: value for key, value in in_all.items() if key != f"{private['id']}"}
    found = await told_to_all(watching, "eve", announce["id"])
    assert found == {"root": {}, "ann": in_all, "mia": {}, "bob": in_open, "eve": in_open}
    await people.ann.delete(f"{of_group}/members/{people.bob.id}")
    await people.ann.patch(f"/api/channels/{general['id']}", {"kind": "private"})
    in_all = {key: await write(people, int(key)) for key in in_open if key != f"{general['id']}"}
    found = await told_to_all(watching, "ann", announce["id"])
    assert found == {"root": {}, "ann": in_all, "mia": {}, "bob": {}, "eve": in_all}


class Deaf:
    """A `Reader` that watches, and takes nothing until it is asked to."""

    def __init__(self, feed: Feed, user_id: int) -> None:
        self.feed, self.user_id = feed, user_id
        self.woken = asyncio.Event()
        feed.watch.join(cast(Reader, self))

    def wake(self, topic: str | None = None) -> None:
        del topic
        self.woken.set()

    async def is_told(self) -> None:
        await asyncio.wait_for(self.woken.wait(), 10)
        self.woken.clear()

    def take(self) -> str | None:
        frame = self.feed.watch.take(cast(Reader, self))
        return frame.text if frame else None


async def test_what_nobody_has_taken_yet_is_taken_back_with_the_right(
    people: Cast, services: Services
) -> None:
    ann, bob = [Deaf(services.feed, who.id) for who in (people.ann, people.bob)]
    post_id = await write(people, people.channel["id"])
    await bob.is_told()
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    ann.woken.clear()
    await services.feed.look()
    assert bob.take() is None
    await ann.is_told()
    assert f'"{people.channel["id"]}":{post_id}' in (ann.take() or ""), "she is told again"
    assert bob.take() is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_counts_is_told_to_count_again_when_posts_are_gone(
    people: Cast, watching: Watching
) -> None:
    general, private = people.channel["id"], (await channel(people, "private"))["id"]
    await people.mia.put(f"/api/channels/{private}/members/{people.bob.id}", status=204)
    post_ids = [await write(people, general) for _ in range(3)]
    found = await told_to_all(watching, "bob", general, post_ids[2])
    assert found["bob"] == {f"{general}": post_ids[2]}
    await people.mia.delete(f"/api/posts/{post_ids[1]}")
    await people.mia.patch(f"/api/channels/{private}", {"name": "plans"})
    found = await told_to_all(watching, "bob", private)
    assert found["bob"] == {f"{general}": 0, f"{private}": 0}
    assert found["ann"] == {f"{general}": 0}


def told_by(frame: str | None) -> list[dict[str, int]]:
    """By channel, what the messages of a frame tell, one after another."""
    messages = json.loads(frame or "[]")
    messages = messages if isinstance(messages, list) else [messages]
    return [dict(ChainMap(*message["groups"].values())) for message in messages]


async def test_a_new_post_does_not_hide_that_another_one_is_gone(
    people: Cast, services: Services
) -> None:
    feed = Feed(services.database, FeedLimits(watch_every_s=0))
    await feed.open()
    bob, channel_id = Deaf(feed, people.bob.id), people.channel["id"]
    post_ids = [await write(people, channel_id) for _ in range(3)]
    await feed.look()
    assert told_by(bob.take()) == [{f"{channel_id}": post_ids[2]}]

    # In one look
    newest = await write(people, channel_id)
    await people.mia.delete(f"/api/posts/{post_ids[0]}")
    await feed.look()
    assert told_by(bob.take()) == [{f"{channel_id}": 0}, {f"{channel_id}": newest}]

    # In several, while he takes nothing
    await write(people, channel_id)
    await feed.look()
    await people.mia.delete(f"/api/posts/{post_ids[1]}")
    await feed.look()
    newest = await write(people, channel_id)
    await feed.look()
    assert told_by(bob.take()) == [{f"{channel_id}": 0}, {f"{channel_id}": newest}]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_knows_a_newer_post_counts_again_when_one_before_it_is_committed(
    people: Cast, services: Services
) -> None:
    feed = Feed(services.database, FeedLimits(watch_every_s=0))
    await feed.open()
    bob, channel_id = Deaf(feed, people.bob.id), people.channel["id"]
    earlier = {"channel_id": channel_id, "author_id": people.mia.id, "text": "", "words": ""}
    async with services.database.write() as db:
        await db.run(insert(Posts), **earlier, reply_count=0, created_at=now())
        newer = await write(people, channel_id)
        await feed.look()
        assert told_by(bob.take()) == [{f"{channel_id}": newer}]
    await feed.look()
    assert told_by(bob.take())[0] == {f"{channel_id}": 0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_post_that_was_on_its_way_when_a_worker_began_is_told(
    people: Cast, services: Services
) -> None:
    feed, channel_id = Feed(services.database, FeedLimits(watch_every_s=0)), people.channel["id"]
    earlier = {"channel_id": channel_id, "author_id": people.mia.id, "text": "", "words": ""}
    async with services.database.write() as db:
        await db.run(insert(Posts), **earlier, reply_count=0, created_at=now())
        await write(people, channel_id)
        await feed.open()
        bob = Deaf(feed, people.bob.id)
        await feed.look()
        assert told_by(bob.take()) == [], "the list has it"
    await feed.look()
    assert told_by(bob.take())[0] == {f"{channel_id}": 0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_works_without_a_websocket(people: Cast, url: str) -> None:
    bearer = f"Bearer {people.bob.token}"
    async with streaming(url, query="&watch=1", Authorization=bearer) as live:
        await live.until("watching")
        post_id = await write(people, people.channel["id"])
        of_group = {f"{people.channel['id']}": post_id}
        await live.until("newest", groups={f"{people.group['id']}": of_group})
