"""Mentions: `@username` in a post tells that person, if she may read the channel.

The event of a mention carries nothing of the text: the person may lose the right to read that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import ForeignKey, Index, and_, bindparam, delete, insert, select, union_all
from sqlalchemy.orm import Mapped, aliased, mapped_column
from typing_extensions import TypedDict

from model.channel import READABLE_CHANNEL, Channel, Channels
from model.database.json_rows import json_object, json_rows, number
from model.database.page import Page, pages
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.group import Memberships
from model.log.event import record
from model.text.mention_syntax import names_in, readings
from model.user import Caller, PersonView, Users, author
from model.username import RetiredUsernames

MAX_MENTIONS = 20  # that one post tells


class Mentions(Base):
    __tablename__ = "mentions"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    parent_id: Mapped[int | None]  # of a reply
    by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime]
    __table_args__ = (Index(None, "user_id", "post_id"),)


class MentionView(TypedDict):
    """Who mentions the reader in which post; `parent_id` is the post that this one replies to."""

    post_id: int
    channel_id: int
    group_id: int
    parent_id: int | None
    by: PersonView | None
    created_at: datetime


class Mentioning(Protocol):
    """What mentions need to know of a post."""

    @property
    def channel(self) -> Channel: ...
    @property
    def id(self) -> int: ...
    @property
    def parent_id(self) -> int | None: ...
    @property
    def text(self) -> str: ...


_names, _former_names = json_rows("names"), json_rows("names")
_who = aliased(Users)
_NAMED = union_all(
    select(_who.username_key, _who.id).join_from(_names, _who, _who.username_key == _names.c.key),
    select(RetiredUsernames.username_key, RetiredUsernames.user_id).join_from(
        _former_names, RetiredUsernames, RetiredUsernames.username_key == _former_names.c.key
    ),
).subquery()
PEOPLE_NAMED = (
    select(_NAMED.c.username_key, Users.id, Users.active)
    .join_from(_NAMED, Users, Users.id == _NAMED.c.id)
    .join(Memberships, Memberships.user_id == Users.id)
    .join(Channels, Channels.group_id == Memberships.group_id)
    .where(Channels.id == bindparam("channel_id"), READABLE_CHANNEL)
    .with_for_update(of=[Users, Memberships], read=True, key_share=True, skip_locked=True)
)
"""Bounded by the length of a text. The people stay members until they have been told.

Somebody is named by her username of now, or by one that she had within a year.

Only somebody who is just leaving is locked already. She is not told, because waiting for that lock
could be a deadlock.
"""

_posts = json_rows("post_ids")
_TOLD = (
    select(
        Mentions.post_id,
        Mentions.user_id,
        and_(Memberships.user_id.is_not(None), READABLE_CHANNEL).label("may_read"),
    )
    .join_from(_posts, Mentions, Mentions.post_id == number(_posts.c.key))
    .join(Channels, Channels.id == Mentions.channel_id)
    .outerjoin(
        Memberships,
        (Memberships.group_id == Channels.group_id) & (Memberships.user_id == Mentions.user_id),
    )
)
_INSERT = insert(Mentions)
_REMOVE = delete(Mentions).where(
    Mentions.post_id == bindparam("of_post"), Mentions.user_id == bindparam("of_user")
)
_authors = aliased(Users)
_LIST = pages(
    select(
        Mentions.post_id,
        Mentions.channel_id,
        Channels.group_id,
        Mentions.parent_id,
        _authors.id.label("by_id"),
        _authors.name.label("by_name"),
        _authors.avatar.label("by_avatar"),
        Mentions.created_at,
    )
    .join_from(Mentions, Channels, Channels.id == Mentions.channel_id)
    .join(
        Memberships,
        (Memberships.group_id == Channels.group_id) & (Memberships.user_id == Mentions.user_id),
    )
    .outerjoin(_authors, _authors.id == Mentions.by_id)
    .where(Mentions.user_id == bindparam("reader_id"), READABLE_CHANNEL),
    Mentions.post_id,
    newest_first=True,
)


async def list_mentions(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[MentionView], int | None]:
    """The mentions of the reader in posts that she can still read, newest first."""
    rows = await db.all(_LIST.of(page), reader_id=reader.id, **page.values)
    shown, following = page.cut(rows, "post_id")
    return [
        {
            "post_id": row.post_id,
            "channel_id": row.channel_id,
            "group_id": row.group_id,
            "parent_id": row.parent_id,
            "by": author(row.by_id, row.by_name, row.by_avatar),
            "created_at": row.created_at,
        }
        for row in shown
    ], following


async def mention_people(db: Transaction, post: Mentioning, *, by: Caller) -> None:
    """Tell the people whom a new post names; of too many, those who are named first."""
    named = await _named(db, post, by=by)
    added = [user_id for user_id, is_active in named.items() if is_active]
    await _tell(db, post, added[:MAX_MENTIONS], by=by)


async def mention_people_anew(
    db: Transaction, post: Mentioning, text_before: str, *, by: Caller
) -> None:
    """Tell the people whom an edited post names now, and those whom it names no longer.

    Whoever was told before and is still named is not told again, but counts towards MAX_MENTIONS.
    """
    if set(names_in(post.text)) == set(names_in(text_before)):
        return
    named = await _named(db, post, by=by)
    rows = await db.all(_TOLD, post_ids=json_object([post.id]))
    told = {row.user_id: row.may_read for row in rows}
    left = sorted(told.keys() - named.keys())
    await db.run_for_each(_REMOVE, [{"of_post": post.id, "of_user": user_id} for user_id in left])
    for user_id in left:
        if told[user_id]:
            record(db, f"user:{user_id}", "mention.deleted", {"post_ids": [post.id]}, by=by.id)
    added = [i for i, is_active in named.items() if is_active and i not in told]
    await _tell(db, post, added[: MAX_MENTIONS - len(told) + len(left)], by=by)


async def take_mentions_back(db: Transaction, post_ids: Sequence[int], *, by: Caller) -> None:
    """Tell the people whom posts name that they are about to be deleted.

    Whoever may no longer read the posts is told nothing.
    """
    found: dict[int, list[int]] = {}
    for row in await db.all(_TOLD, post_ids=json_object(post_ids)):
        if row.may_read:
            found.setdefault(row.user_id, []).append(row.post_id)
    for user_id, of_posts in found.items():
        deleted = {"post_ids": sorted(of_posts)}
        record(db, f"user:{user_id}", "mention.deleted", deleted, by=by.id)


async def _named(db: Transaction, post: Mentioning, *, by: Caller) -> dict[int, bool]:
    """The other people who are named and may read the channel, and whether each is active.

    In the order in which the text names them.
    """
    names = names_in(post.text)
    keys = {reading for name in names for reading in readings(name)}
    if not keys:
        return {}
    rows = await db.all(PEOPLE_NAMED, names=json_object(keys), channel_id=post.channel.id)
    found = {row.username_key: row for row in rows}
    people = [next(filter(None, map(found.get, readings(name))), None) for name in names]
    return {row.id: row.active for row in people if row and row.id != by.id}


async def _tell(db: Transaction, post: Mentioning, user_ids: Sequence[int], *, by: Caller) -> None:
    channel, created_at = post.channel, now()
    row = {
        "post_id": post.id,
        "channel_id": channel.id,
        "parent_id": post.parent_id,
        "by_id": by.id,
        "created_at": created_at,
    }
    await db.run_for_each(_INSERT, [{**row, "user_id": user_id} for user_id in user_ids])
    view: MentionView = {
        "post_id": post.id,
        "channel_id": channel.id,
        "group_id": channel.group_id,
        "parent_id": post.parent_id,
        "by": by.person,
        "created_at": created_at,
    }
    for user_id in user_ids:
        record(db, f"user:{user_id}", "mention.created", view, by=by.id)
