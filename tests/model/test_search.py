"""The full-text index is what the posts are, whatever happens to them and around them."""

from pathlib import Path
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import Delete, delete, text

from model.channel import Channels, find_channel, let_in
from model.database.page import Page
from model.database.unit_of_work import Database, Transaction
from model.errors import NotFound
from model.group import Groups
from model.log.event import write_events
from model.post import Posts, edit_post, find_post, write_post
from model.search import Filters, phrases_of, search_posts
from model.user import Caller, Users
from tests.support.cast import Stages
from tests.support.databases import SQLite
from tests.support.people import private_channel

INTEGRITY = "INSERT INTO post_search (post_search, rank) VALUES ('integrity-check', 1)"


async def found(db: Transaction, q: str, reader: Caller, **filters: int) -> list[int]:
    results, _ = await search_posts(db, phrases_of(q), Filters(**filters), Page(), reader=reader)
    return [result["post"]["id"] for result in results]


async def require_intact(db: Transaction) -> None:
    """SQLite compares the whole index with the posts; raises what is wrong."""
    if db.is_sqlite:
        await db.run(text(INTEGRITY))


@pytest.mark.parametrize(
    "gone", [delete(Posts).where(Posts.parent_id.is_(None)), delete(Channels), delete(Groups)]
)
async def test_deletions_that_cascade_leave_the_index_too(database_url: str, gone: Delete) -> None:
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, _, channel = await private_channel(db)
        post = await write_post(db, channel, "tea", by=ann)
        await write_post(db, channel, "tea too", by=ann, parent_id=post["id"])
        assert len(await found(db, "tea", ann)) == 2
        await db.run(gone)
        assert await found(db, "tea", ann) == []
        await require_intact(db)
    await database.close()


async def test_a_removed_author_is_not_found_by_but_the_posts_are(database_url: str) -> None:
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, bob, channel = await private_channel(db)
        await let_in(db, channel, bob.id, by=ann)
        post = await write_post(db, await find_channel(db, channel.id, reader=bob), "tea", by=bob)
        assert await found(db, "tea", ann, author_id=bob.id) == [post["id"]]
        await db.run(delete(Users).where(Users.id == bob.id))
        assert await found(db, "tea", ann, author_id=bob.id) == []
        assert await found(db, "tea", ann) == [post["id"]]
        await require_intact(db)
    await database.close()


async def test_what_is_rolled_back_was_never_in_the_index(database_url: str) -> None:
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, _, channel = await private_channel(db)
        post = await write_post(db, channel, "tea", by=ann)
    with pytest.raises(NotFound):
        async with database.write() as db:
            await write_post(db, channel, "tea again", by=ann)
            await edit_post(db, await find_post(db, post["id"], reader=ann), "milk", by=ann)
            assert len(await found(db, "milk", ann)) == 1, "its own transaction sees it at once"
            await find_post(db, 999_999, reader=ann)
    async with database.write() as db:
        assert await found(db, "tea", ann) == [post["id"]]
        assert await found(db, "milk", ann) == []
        await require_intact(db)
    await database.close()


async def test_a_search_does_not_hold_up_the_event_loop(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    """FTS5 works for long within one step of SQLite's machine, where nothing interrupts it."""
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)
    async with database.write() as db:
        ann, _, channel = await private_channel(db)
        await write_post(db, channel, "tea", by=ann)
    traced: list[tuple[str, int]] = []
    async with database.read() as db:
        opened: Any = (await db.connection.sqlalchemy.get_raw_connection()).driver_connection
        opened._conn.set_trace_callback(lambda sql: traced.append((sql, get_ident())))
        assert len(await found(db, "tea", ann)) == 1
    await database.close()
    here = get_ident()
    assert [thread == here for sql, thread in traced if "MATCH" in sql] == [False]
    assert [thread == here for sql, thread in traced if "JOIN reactions" in sql] == [True]
