"""Channels of a group: open to all its members, for announcements, or private to its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, NotFound
from model.group import Group, Memberships, Role
from model.log.event import Rights, judge_again, record
from model.user import Caller


class Kind(StrEnum):
    OPEN = "open"
    ANNOUNCE = "announce"
    PRIVATE = "private"


class Channels(Base):
    __tablename__ = "channels"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    description: Mapped[str]
    kind: Mapped[Kind] = mapped_column(one_of(Kind, "kind"))
    created_at: Mapped[datetime]
    __table_args__ = {"sqlite_autoincrement": True}


class ChannelMembers(Base):
    """Who belongs to a private channel; whoever leaves the group leaves it too."""

    __tablename__ = "channel_members"
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    __table_args__ = (
        ForeignKeyConstraint(
            ["group_id", "user_id"],
            ["memberships.group_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        Index(None, "group_id", "user_id"),
    )


class ChannelView(TypedDict):
    id: int
    group_id: int
    name: str
    description: str
    kind: Kind
    created_at: datetime


@dataclass(frozen=True)
class Channel:
    """A channel as somebody who may read it finds it: with the role that she has in the group."""

    id: int
    group_id: int
    name: str
    description: str
    kind: Kind
    created_at: datetime
    role: Role

    @property
    def topic(self) -> str:
        return f"channel:{self.id}"

    @property
    def group_topic(self) -> str:
        return f"group:{self.group_id}"

    @property
    def is_private(self) -> bool:
        return self.kind == Kind.PRIVATE

    @property
    def writable(self) -> bool:
        return self.kind != Kind.ANNOUNCE or self.role.moderates

    def view(self) -> ChannelView:
        return {
            "id": self.id,
            "group_id": self.group_id,
            "name": self.name,
            "description": self.description,
            "kind": self.kind,
            "created_at": self.created_at,
        }


COLUMNS = (
    Channels.id,
    Channels.group_id,
    Channels.name,
    Channels.description,
    Channels.kind,
    Channels.created_at,
)
BELONGS = (
    select(literal(1))
    .where(
        ChannelMembers.channel_id == Channels.id,
        ChannelMembers.user_id == Memberships.user_id,
    )
    .exists()
)
READABLE = or_(Channels.kind != Kind.PRIVATE, BELONGS)
"""Of the channels of a group, for the member in `Memberships`: the one rule of who may read."""

MINE = (
    select(*COLUMNS, Memberships.role)
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .where(Memberships.user_id == bindparam("user_id"))
)
FIND = finder(
    MINE.where(Channels.id == bindparam("channel_id"), READABLE), locks=[Channels, Memberships]
)
INSERT = insert(Channels).returning(Channels.id)
EDIT = update(Channels).where(Channels.id == bindparam("of_channel"))
ADD_MEMBER = (
    insert_or_update(ChannelMembers).on_conflict_do_nothing().returning(ChannelMembers.user_id)
)
_members = select(ChannelMembers.user_id).where(
    ChannelMembers.channel_id == bindparam("channel_id")
)
MEMBERS = _members.order_by(ChannelMembers.user_id)
"""Bounded by the members of its group."""


async def find_channel(db: Transaction, channel_id: int, *, reader: Caller) -> Channel:
    row = await db.find(FIND, channel_id=channel_id, user_id=reader.id)
    if row is None:
        raise NotFound("channel")
    return Channel(*row)


async def create_channel(
    db: Transaction, group: Group, name: str, description: str, kind: Kind, *, by: Caller
) -> Channel:
    if not group.role.moderates:
        raise Forbidden("not_a_moderator", "Only moderators and owners make channels.")
    values: dict[str, Any] = {
        "group_id": group.id,
        "name": name,
        "description": description,
        "kind": kind,
        "created_at": now(),
    }
    channel_id = await db.scalar(INSERT, **values)
    channel = Channel(channel_id, **values, role=group.role)
    if channel.is_private:
        await add_members(db, channel, [by.id], by=by)
    else:
        record(db, channel.group_topic, "channel.created", channel.view(), by=by.id)
    return channel


async def edit_channel(
    db: Transaction, channel: Channel, changes: dict[str, Any], *, by: Caller
) -> Channel:
    """`changes` are new values of `name`, `description` and `kind`.

    Who made an open channel private is its first member and invites the others; a private one
    that is opened is there for the whole group.
    """
    require_moderator(channel)
    changed = replace(channel, **changes)
    if changed == channel:
        return channel
    await db.run(EDIT, of_channel=channel.id, **changes)
    record(db, channel.topic, "channel.edited", changed.view(), by=by.id)
    if changed.is_private and not channel.is_private:
        record(db, channel.group_topic, "channel.deleted", {"id": channel.id}, by=by.id)
        await add_members(db, changed, [by.id], by=by)
        judge_again(db, Rights(topics=[channel.topic], reason="private"))
    elif channel.is_private and not changed.is_private:
        record(db, channel.group_topic, "channel.created", changed.view(), by=by.id)
        for row in await db.all(MEMBERS, channel_id=channel.id):
            record_left(db, channel, row.user_id, by=by)
        await db.run(delete(ChannelMembers).where(ChannelMembers.channel_id == channel.id))
    elif not changed.is_private:
        record(db, channel.group_topic, "channel.edited", changed.view(), by=by.id)
    return changed


async def channel_member_ids(db: Transaction, channel: Channel) -> list[int]:
    """Of a private channel; the others belong to the whole group."""
    return [row.user_id for row in await db.all(MEMBERS, channel_id=channel.id)]


async def add_members(
    db: Transaction, channel: Channel, user_ids: Sequence[int], *, by: Caller
) -> None:
    for user_id in user_ids:
        added = await db.scalar(
            ADD_MEMBER, channel_id=channel.id, user_id=user_id, group_id=channel.group_id
        )
        if added is not None:
            record(db, f"user:{user_id}", "channel.joined", channel.view(), by=by.id)


def record_left(db: Transaction, channel: Channel, user_id: int, *, by: Caller) -> None:
    left = {"id": channel.id, "group_id": channel.group_id}
    record(db, f"user:{user_id}", "channel.left", left, by=by.id)


def require_moderator(channel: Channel) -> None:
    if not channel.role.moderates:
        raise Forbidden("not_a_moderator", "Only moderators and owners of the group may do this.")
