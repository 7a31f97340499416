"""What is deleted is gone for everybody in one commit. Its rows follow, a few at a time."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, select

from api.context import Services
from model import purge as purging
from model.channel import Channels, find_channel
from model.database.lock import taken
from model.database.table import Base, foreign_keys_to
from model.database.unit_of_work import Database, Transaction
from model.log.event import Events, write_events
from model.post import Posts, write_post
from model.purge import purge
from model.removal import delete_channel
from model.session import find_caller
from model.user import Users
from tests.support.cast import Cast
from tests.support.counting import CountingDatabase
from tests.support.people import private_channel
from tests.support.purging import purged
from tests.support.waiting import until_waiting, waiting

SOON_S = 30


@asynccontextmanager
async def not_purged_yet(services: Services) -> AsyncIterator[None]:
    """Somebody makes a copy of the instance folder meanwhile."""
    async with taken(services.database, services.settings.instance / "jobs.lock") as is_ours:
        assert is_ours
        yield


async def count(database: Database, table: type[Base], *where: Any) -> int:
    async with database.read() as db:
        return await db.scalar_one(select(func.count()).select_from(table).where(*where))


async def rows_of(database: Database, referred: type[Base], of_id: int) -> dict[str, int]:
    """How many rows refer to a row, by what refers to it; nothing is left out but itself."""
    found = {}
    async with database.read() as db:
        for key in foreign_keys_to(referred):
            rows = select(func.count()).select_from(key.parent.table).where(key.parent == of_id)
            if number := await db.scalar(rows):
                found[str(key.parent)] = number
    return found


async def written_by(people: Cast, who: str) -> dict[str, Any]:
    """All that somebody can leave behind in the channel "general"; the post of it."""
    person, channel = people.named(who), f"/api/channels/{people.channel['id']}"
    file = await person.upload(b"x")
    body = {"text": "some tea for @mia?", "file_ids": [file["id"]]}
    post = await person.post(people.posts, body)
    await person.post(people.posts, {"text": "or coffee", "parent_id": post["id"]})
    await person.put(f"/api/posts/{post['id']}/reactions/👍")
    await person.put(f"{channel}/documents/shared", 1, 201)
    await person.post(f"{channel}/scores", {"game": "tetris", "points": 9})
    return {**post, "file": file["id"]}


@pytest.mark.parametrize("what", ["channel", "group"])
async def test_a_deleted_channel_is_gone_at_once_and_its_rows_soon(
    people: Cast, services: Services, what: str
) -> None:
    channel_id = people.channel["id"]
    channel = f"/api/channels/{channel_id}"
    post = await written_by(people, "bob")
    thing = {"channel": channel, "group": f"/api/groups/{people.group['id']}"}[what]
    async with not_purged_yet(services):
        await people.ann.delete(thing)
        for path in (
            channel, f"{channel}/posts", f"{channel}/documents", f"{channel}/scores?game=tetris",
            f"/api/posts/{post['id']}", f"/api/posts/{post['id']}/replies",
            f"/api/topics/channel:{channel_id}/events",
        ):  # fmt: skip
            await people.ann.get(path, status=404)
        await people.mia.get(f"/api/files/{post['file']}", status=404)
        assert (await people.mia.get("/api/me/mentions"))["mentions"] == []
        assert (await people.bob.get("/api/search?q=tea"))["results"] == []
        left = await rows_of(services.database, Channels, channel_id)
        assert (left["posts.channel_id"], left["documents.channel_id"]) == (2, 1)

    await purged(services)
    assert await count(services.database, Channels, Channels.id == channel_id) == 0
    assert await rows_of(services.database, Channels, channel_id) == {}


async def test_a_deleted_account_is_nobody_at_once_and_its_rows_soon(
    people: Cast, services: Services
) -> None:
    channel = f"/api/channels/{people.channel['id']}"
    post = await written_by(people, "bob")
    async with not_purged_yet(services):
        await people.bob.delete("/api/me")
        shown, *_ = (await people.mia.get(people.posts))["posts"]
        assert (shown["author"], shown["reactions"]) == (None, [])
        (reply,) = (await people.mia.get(f"/api/posts/{post['id']}/replies"))["posts"]
        assert reply["author"] is None
        assert (await people.mia.get(f"{channel}/documents/shared"))["saved_by"] is None
        (listed,) = (await people.mia.get(f"{channel}/documents"))["documents"]
        assert listed["saved_by"] is None
        (score,) = (await people.mia.get(f"{channel}/scores?game=tetris&order=latest"))["scores"]
        assert score["player"] is None
        assert (await people.mia.get(f"{channel}/scores?game=tetris"))["scores"] == []
        (mention,) = (await people.mia.get("/api/me/mentions"))["mentions"]
        assert mention["by"] is None
        found = await people.mia.get(f"/api/search?q=tea&author_id={people.bob.id}")
        assert found["results"] == []
        assert len((await people.mia.get("/api/search?q=tea"))["results"]) == 1
        for who in (people.root, people.mia):
            await who.get(f"/api/users/{people.bob.id}", status=404)
            listed = await who.get("/api/users?limit=100")
            assert people.bob.id not in [user["id"] for user in listed["users"]]
        await people.root.patch(f"/api/users/{people.bob.id}", {"active": True}, 404)
        await people.root.delete(f"/api/users/{people.bob.id}", 404)
        left = await rows_of(services.database, Users, people.bob.id)
        assert left.keys() == {
            "posts.author_id", "scores.player_id", "documents.saved_by", "mentions.by_id",
            "files.uploader_id",
        }  # fmt: skip
    await purged(services)
    assert await rows_of(services.database, Users, people.bob.id) == {}
    assert await count(services.database, Users, Users.id == people.bob.id) == 0
    assert (await people.mia.get(people.posts))["posts"] == [shown]


async def test_the_events_that_went_with_an_account_are_soon_no_longer_on_the_disk(
    people: Cast, services: Services
) -> None:
    await written_by(people, "bob")
    says_bob = Events.data.like('%"Bob"%')
    async with not_purged_yet(services):
        await people.bob.delete("/api/me")
        assert await count(services.database, Events, says_bob), "nothing is left to be deleted"
    async with asyncio.timeout(SOON_S):
        while await count(services.database, Events, says_bob):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_somebody_holds_is_purged_soon_after_it_was_let_go(
    people: Cast, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    """It is held until the purge has given up, which takes two seconds."""
    channel_id = people.channel["id"]
    async with services.database.write() as db:
        held = select(Channels.id).where(Channels.id == channel_id)
        await db.scalar_one(held.with_for_update(read=True, key_share=True))
        await people.ann.delete(f"/api/channels/{channel_id}")
        async with asyncio.timeout(SOON_S):
            while not await waiting(services):
                await asyncio.sleep(0.02)
            while await waiting(services):
                await asyncio.sleep(0.02)
    async with asyncio.timeout(SOON_S):
        while await count(services.database, Channels, Channels.id == channel_id):
            await asyncio.sleep(0.02)
    assert "purging failed" not in caplog.text


class Killed(Exception):
    pass


class KilledDatabase(CountingDatabase):
    """Some transactions are never committed."""

    kills = 0.3

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        async with super().write(tx) as db:
            yield db
            if random.random() < self.kills:
                raise Killed


async def test_whoever_writes_waits_for_few_rows_and_a_purge_goes_on_where_it_was_killed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 5)
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, _, channel = await private_channel(db)
        post = await write_post(db, channel, "tea?", by=ann)
        for number in range(30):
            await write_post(db, channel, str(number), by=ann, parent_id=post["id"])
    async with database.write() as db:
        await delete_channel(db, channel, by=ann)
    await database.close()
    random.seed(1)
    watched = KilledDatabase(database_url, Posts)
    kills = 0
    while not watched.rows or watched.rows[-1]:
        try:
            await purge(watched)
        except Killed:
            kills += 1
    steps = [31, *watched.rows]
    assert max(before - after for before, after in zip(steps, watched.rows, strict=False)) <= 5
    assert kills > 1
    watched.kills = 0
    await purge(watched)
    assert await count(watched, Channels) == 0
    assert await purge(watched) == 0
    await watched.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_whoever_writes_while_her_group_is_deleted_is_told_that_the_channel_is_gone(
    people: Cast, services: Services
) -> None:
    """Neither is answered by 503, which is how a deadlock ends."""
    group = f"/api/groups/{people.group['id']}"
    other = await people.ann.post(f"{group}/channels", {"name": "other"})
    async with services.database.write() as db:
        mia = await find_caller(db, people.mia.token)
        assert mia
        await find_channel(db, other["id"], reader=mia)
        deleting = asyncio.create_task(people.ann.ask("DELETE", group))
        await until_waiting(services, {deleting})
        writing = asyncio.create_task(people.bob.ask("POST", people.posts, {"text": "tea?"}))
        await until_waiting(services, {deleting, writing})
    assert ((await deleting).status, (await writing).status) == (204, 404)
