"""A write that waited for another one decides by what that has left (PostgreSQL)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from model.channel import (
    Channel,
    Kind,
    edit_channel,
    find_channel,
)
from model.channel_member import add_channel_member, remove_channel_member
from model.database.json_rows import json_object
from model.database.unit_of_work import Database
from model.errors import NotFound
from model.group import REMOVE_MEMBER, find_group, find_member
from model.log.event import write_events
from model.mention import PEOPLE_NAMED
from model.post import edit_post, find_post, write_post
from model.removal import remove_member
from model.user import Caller
from tests.support.people import private_channel

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Scene:
    database: Database
    ann: Caller
    bob: Caller
    channel: Channel


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    """bob is a member of ann's private channel."""
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, bob, channel = await private_channel(db)
        await add_channel_member(db, channel, bob.id, by=ann)
    yield Scene(database, ann, bob, channel)
    await database.close()


async def test_who_is_removed_while_he_waits_writes_nothing(scene: Scene) -> None:
    async def write() -> None:
        async with scene.database.write() as db:
            channel = await find_channel(db, scene.channel.id, reader=scene.bob)
            await write_post(db, channel, "from the removed", by=scene.bob)

    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        await remove_channel_member(db, channel, scene.bob.id, by=scene.ann)
        writing = asyncio.create_task(write())
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
    with pytest.raises(NotFound):
        await writing


async def test_who_is_named_is_a_member_until_he_has_been_told(scene: Scene) -> None:
    async def leave() -> None:
        async with scene.database.write() as db:
            group = await find_group(db, scene.channel.group_id, reader=scene.bob)
            bob = await find_member(db, group, scene.bob.id)
            await remove_member(db, group, bob, by=scene.bob)

    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        await write_post(db, channel, "@bob", by=scene.ann)
        leaving = asyncio.create_task(leave())
        await asyncio.wait([leaving], timeout=0.3)
        assert not leaving.done()
    await leaving


async def test_who_is_just_being_removed_is_not_told_and_not_waited_for(scene: Scene) -> None:
    """Who waited here for a removal that waits for her would never end."""
    async with scene.database.write() as removing:
        of_group, channel_id = scene.channel.group_id, scene.channel.id
        await removing.run(REMOVE_MEMBER, of_group=of_group, of_user=scene.bob.id)
        async with asyncio.timeout(5), scene.database.write() as db:
            assert not await db.all(PEOPLE_NAMED, names=json_object(["bob"]), channel_id=channel_id)


async def test_who_makes_a_channel_private_finds_it_while_she_does(scene: Scene) -> None:
    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        await edit_channel(db, channel, by=scene.ann, kind=Kind.OPEN, publish_history=True)

    async def write() -> None:
        async with scene.database.write() as db:
            channel = await find_channel(db, scene.channel.id, reader=scene.ann)
            await write_post(db, channel, "from its first member", by=scene.ann)

    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        await edit_channel(db, channel, by=scene.ann, kind=Kind.PRIVATE)
        writing = asyncio.create_task(write())
        await asyncio.wait([writing], timeout=0.3)
        assert not writing.done()
    await writing


async def test_a_reply_written_while_another_is_edited_is_counted_in_the_last_event(
    scene: Scene,
) -> None:
    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        post = await write_post(db, channel, "Who?", by=scene.ann)
        reply = await write_post(db, channel, "I", by=scene.bob, parent_id=post["id"])

    async def edit() -> int:
        async with scene.database.write() as db:
            found = await find_post(db, reply["id"], reader=scene.bob)
            view = await edit_post(db, found, "Me", by=scene.bob)
            assert view["parent"]
            return view["parent"]["reply_count"]

    async with scene.database.write() as db:
        channel = await find_channel(db, scene.channel.id, reader=scene.ann)
        await write_post(db, channel, "I, too", by=scene.ann, parent_id=post["id"])
        editing = asyncio.create_task(edit())
        await asyncio.wait([editing], timeout=0.3)
        assert not editing.done()
    assert await editing == 2
