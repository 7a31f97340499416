"""A server with many people and groups, made at once: what its administrators look through."""

import itertools

from sqlalchemy import bindparam, insert, select

from model.channel import Channels, Kind
from model.database.table import now
from model.database.unit_of_work import Database
from model.group import Groups, Memberships, Role
from model.post import Posts
from model.text.word import searchable
from model.user import ServerRole, Users

MEMBERS = 5  # of each group, its owner among them

_NEWEST_PEOPLE, _NEWEST_GROUPS, _NEWEST_CHANNELS = (
    select(table.id).order_by(table.id.desc()).limit(bindparam("limit"))
    for table in (Users, Groups, Channels)
)


async def gather_crowd(
    database: Database, people: int, groups: int, *, posts: int = 1, named: object = ""
) -> None:
    """So many people and groups; each group has an owner, members, a channel and posts.

    `named` is in the usernames, so that they differ from those of another crowd.
    """
    at = now()
    persons = [
        {
            "username": f"crowd{named}{n}",
            "username_key": f"crowd{named}{n}",
            "name": f"Person {n}",
            "role": ServerRole.MEMBER,
            "active": n % 7 > 0,
            "password_hash": "-" * (n % 5),
            "last_seen_on": at if n % 3 else None,
            "created_at": at,
        }
        for n in range(people)
    ]
    classes = [
        {"name": f"Class {n}", "description": "", "created_at": at, "archived": n % 9 == 0}
        for n in range(groups)
    ]
    async with database.write() as db:
        await db.run_for_each(insert(Users), persons)
        await db.run_for_each(insert(Groups), classes)
        group_ids = [row.id for row in await db.all(_NEWEST_GROUPS, limit=groups)]
        user_ids = itertools.cycle([row.id for row in await db.all(_NEWEST_PEOPLE, limit=people)])
        members = [
            {"group_id": group_id, "user_id": next(user_ids), "joined_at": at, "role": role}
            for group_id in group_ids
            for role in (Role.OWNER, *[Role.MEMBER] * (MEMBERS - 1))
        ]
        await db.run_for_each(insert(Memberships), members)
        channel = {"description": "", "kind": Kind.OPEN, "created_at": at, "name": "general"}
        await db.run_for_each(insert(Channels), [{**channel, "group_id": id_} for id_ in group_ids])
        channel_ids = [row.id for row in await db.all(_NEWEST_CHANNELS, limit=groups)]
        post = {"text": "Hello", "words": searchable("Hello"), "reply_count": 0, "created_at": at}
        written = [{**post, "channel_id": id_} for id_ in channel_ids for _ in range(posts)]
        await db.run_for_each(insert(Posts), written)
