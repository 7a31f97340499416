"""What was there before a migration is right after it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from model import migration, schema
from model.database.page import Page
from model.database.unit_of_work import Database
from model.log.event import Epochs, Events, write_events
from model.reaction import list_reactions
from model.search import Filters, phrases_of, search_posts
from model.user import Caller, ServerRole, Users, find_account_by_name

INSERT_CHANNEL = """
    INSERT INTO channels (group_id, name, description, kind, created_at)
    VALUES (1, 'x', '', 'open', '2026-01-01') RETURNING id
"""
OLD_POSTS = 1500  # the migration takes a thousand at a time
AT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {
            "id": 1, "username": "ann", "username_key": "ann", "name": "Ann", "role": "member",
            "active": True, "password_hash": "-", "created_at": AT,
        }
    ],
    "groups": [{"id": 1, "name": "class", "description": "", "created_at": AT}],
    "memberships": [{"group_id": 1, "user_id": 1, "role": "owner", "joined_at": AT}],
    "channels": [
        {"id": 1, "group_id": 1, "name": "x", "description": "", "kind": "open", "created_at": AT}
    ],
    "posts": [
        {"id": n, "channel_id": 1, "text": f"Für {n}", "reply_count": 0, "created_at": AT}
        for n in range(1, OLD_POSTS + 1)
    ],
}  # fmt: skip


def migrate_to(connection: Connection, revision: str) -> None:
    migration.upgrade(connection, revision)


def fill(connection: Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in tables.items():
        connection.execute(insert(Table(name, MetaData(), autoload_with=connection)), rows)


async def emptied(url: str, folder: Path) -> str:
    """A database as it is before the first migration."""
    if url.startswith("sqlite"):
        return f"sqlite+aiosqlite:///{folder / 'old.db'}"
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            await connection.execute(text(statement))
    await engine.dispose()
    return url


@pytest.mark.own_database
async def test_posts_of_before_are_found_by_their_words(database_url: str, tmp_path: Path) -> None:
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(migrate_to, "0002")
        await connection.run_sync(fill, ROWS)
    await schema.prepare(url)
    ann = Caller(1, "ann", "Ann", None, ServerRole.MEMBER, 1, AT, AT)
    database = Database(url, before_commit=write_events)
    async with database.read() as db:
        for n in (1, 1000, 1001, OLD_POSTS):
            found, _ = await search_posts(
                db, phrases_of(f'fur "{n}"'), Filters(), Page(), reader=ann
            )
            assert [result["post"]["text"] for result in found] == [f"Für {n}"]
    await database.close()


@pytest.mark.own_database
async def test_what_was_typed_before_is_as_if_it_were_typed_now(
    database_url: str, tmp_path: Path
) -> None:
    (user,), (post, *_) = ROWS["users"], ROWS["posts"]
    hearts = ["\u2764", "\u2764\ufe0f", "\u2764\ufe0e", "👍", "👍👍"]
    reactions = [(1, emoji) for emoji in hearts] + [(2, "\u2764")]
    before: dict[str, list[dict[str, Any]]] = {
        **ROWS,
        "users": [
            {**user, "name": "Zoe\u0308\u200b"},
            {**user, "id": 2, "username": "mia", "username_key": "mia", "name": "\u2800"},
        ],
        "posts": [
            {**post, "id": n, "text": text, "words": "old"}
            for n, text in enumerate(["Łódź in C++", "tea"], start=1)
        ],
        "reactions": [{"post_id": 1, "user_id": n, "emoji": emoji} for n, emoji in reactions],
        "epochs": [{"id": 1, "name": "before"}],
    }
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(migrate_to, "0009")
        await connection.run_sync(fill, before)
    await schema.prepare(url)
    ann = Caller(1, "ann", "Ann", None, ServerRole.MEMBER, 1, AT, AT)
    database = Database(url, before_commit=write_events)
    async with database.read() as db:
        for q, found in (("lodz", [1]), ("c++", [1]), ("tea", [2]), ("old", [])):
            results, _ = await search_posts(db, phrases_of(q), Filters(), Page(), reader=ann)
            assert [result["post"]["id"] for result in results] == found, q
        assert await list_reactions(db, [1]) == {
            1: [
                {"emoji": "\u2764\ufe0f", "user_ids": [1, 2]},
                {"emoji": "👍", "user_ids": [1]},
                {"emoji": "👍👍", "user_ids": [1]},
            ]
        }
        assert await db.all(select(Users.name).order_by(Users.id)) == [("Zoë",), ("\u2800",)]
        assert await db.scalar_one(select(Epochs.name)) != "before", "whoever follows fetches anew"
    await database.close()


@pytest.mark.own_database
async def test_whoever_an_administrator_gave_any_username_signs_in_with_it(
    database_url: str, tmp_path: Path
) -> None:
    (user,) = ROWS["users"]
    given = ["ann", "Jose\u0301 ", "\uff41nn", "Bob Smith", " mia", "\u200bmia", "", "\u2800"]
    users = [
        {**user, "id": n, "username": name, "username_key": name.lower()}
        for n, name in enumerate(given, start=1)
    ]
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(migrate_to, "0009")
        await connection.run_sync(fill, {"users": users})
    await schema.prepare(url)
    database = Database(url, before_commit=write_events)
    async with database.read() as db:
        for name, user_id in (("Ann", 1), (given[1], 2), ("José", 2), (given[3], 4), ("mia", 5)):
            found = await find_account_by_name(db, name)
            assert found is not None, name
            assert found[0].id == user_id
    await database.close()


@pytest.mark.own_database
async def test_events_emptied_before_are_about_nothing_and_the_others_still_are(
    database_url: str, tmp_path: Path
) -> None:
    shown = {
        '{"id":9,"gone":true}': None,
        '{"id":9,"text":"tea"}': "post:9",
        '{"id":9,"body":{"id":9,"gone":true}}': "post:9",
    }
    events = [
        {
            "topic": "channel:1", "seq": seq, "kind": "post.edited", "data": data,
            "about": "post:9", "at": AT,
        }
        for seq, data in enumerate(shown, start=1)
    ]  # fmt: skip
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(migrate_to, "0006")
        await connection.run_sync(fill, {"events": events})
    await schema.prepare(url)
    database = Database(url, before_commit=write_events)
    async with database.read() as db:
        rows = await db.all(select(Events.data, Events.about).order_by(Events.seq))
    assert {row.data: row.about for row in rows} == shown
    await database.close()


@pytest.mark.own_database
async def test_a_channel_deleted_before_leaves_its_number_to_no_other(
    database_url: str, tmp_path: Path
) -> None:
    url = await emptied(database_url, tmp_path)
    async with schema.locked(url) as connection:
        await connection.run_sync(migrate_to, "0008")
        before = {name: ROWS[name] for name in ("users", "groups", "memberships")}
        await connection.run_sync(fill, before)
        group = (await connection.execute(text(INSERT_CHANNEL))).scalar_one()
        deleted = (await connection.execute(text(INSERT_CHANNEL))).scalar_one()
        await connection.execute(text("DELETE FROM channels WHERE id = :id"), {"id": deleted})
    await schema.prepare(url)
    async with schema.locked(url) as connection:
        made = (await connection.execute(text(INSERT_CHANNEL))).scalar_one()
    assert group < deleted < made


def test_the_files_of_the_migrations_begin_with_their_numbers() -> None:
    """By them a start sees what the newest is."""
    files = [file.name for file in schema._MIGRATIONS.glob("*.py")]
    migrations = ScriptDirectory(schema._MIGRATIONS.parent)
    numbers = [revision.revision for revision in migrations.walk_revisions()]  # newest first
    assert [name[: name.index("_")] for name in sorted(files, reverse=True)] == numbers
