"""Channels of a group: open to all its members, for announcements, or private to its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Unpack

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    bindparam,
    delete,
    false,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import record_channel_act
from model.database.row import columns_of, load
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, Invalid, NotFound
from model.group import Group, Memberships, Role, require_moderates, require_open, still
from model.log.event import Rights, judge_again, record, tell_again
from model.user import Caller


class Kind(StrEnum):
    OPEN = "open"
    ANNOUNCE = "announce"
    PRIVATE = "private"


class Channels(Base):
    """A channel that belongs to no group is deleted: nobody finds it, and its rows are purged."""

    __tablename__ = "channels"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None] = mapped_column(
        ForeignKey("groups.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str]
    description: Mapped[str]
    kind: Mapped[Kind] = mapped_column(one_of(Kind, "kind"))
    created_at: Mapped[datetime]
    archived: Mapped[bool] = mapped_column(server_default=false())  # as its group, locked with it
    seconds_between_posts: Mapped[int] = mapped_column(server_default=text("0"))
    __table_args__ = {"sqlite_autoincrement": True}


class ChannelMembers(Base):
    """The members of private channels. Whoever leaves the group leaves its channels too."""

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
    seconds_between_posts: int


class ChannelChanges(TypedDict, total=False):
    name: str
    description: str
    kind: Kind
    seconds_between_posts: int


@dataclass(frozen=True)
class Channel:
    """A channel as somebody who may read it finds it, with that reader's role in the group."""

    id: int
    group_id: int
    name: str
    description: str
    kind: Kind
    created_at: datetime
    archived: bool
    seconds_between_posts: int
    role: Role
    muted_until: datetime | None

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
    def is_muted(self) -> bool:
        """Whether its reader is muted in the group."""
        return still(self.muted_until) is not None

    @property
    def writable(self) -> bool:
        is_open = not self.archived and not self.is_muted
        return is_open and (self.kind != Kind.ANNOUNCE or self.role.moderates)

    def view(self) -> ChannelView:
        return {
            "id": self.id,
            "group_id": self.group_id,
            "name": self.name,
            "description": self.description,
            "kind": self.kind,
            "created_at": self.created_at,
            "seconds_between_posts": self.seconds_between_posts,
        }


_IS_MEMBER = (
    select(literal(1))
    .where(
        ChannelMembers.channel_id == Channels.id,
        ChannelMembers.user_id == Memberships.user_id,
    )
    .correlate(Channels, Memberships)
    .exists()
)
READABLE_CHANNEL = or_(Channels.kind != Kind.PRIVATE, _IS_MEMBER)
"""The one rule of who may read: true for a channel of the group of the member in `Memberships`."""

CHANNELS_OF_READER = (
    select(*columns_of(Channels, Channel), Memberships.role, Memberships.muted_until)
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .where(Memberships.user_id == bindparam("user_id"))
)
"""All channels of the groups of `user_id`, also those that READABLE_CHANNEL leaves out."""

CHANNEL_COLUMNS = (
    *columns_of(Channels, Channel, "channel_"),
    Memberships.role.label("channel_role"),
    Memberships.muted_until.label("channel_muted_until"),
)
"""The columns of `channel` in something that belongs to one."""

_THIS_CHANNEL = CHANNELS_OF_READER.where(Channels.id == bindparam("channel_id"))
_FIND = finder(_THIS_CHANNEL.where(READABLE_CHANNEL), locks=[Channels, Memberships])
_FIND_TO_JOIN = finder(
    _THIS_CHANNEL.where(or_(READABLE_CHANNEL, Memberships.role == Role.OWNER)),
    locks=[Channels, Memberships],
)
_INSERT = insert(Channels).returning(Channels.id)
_PACE = "seconds_between_posts"
EDIT_CHANNEL = update(Channels).where(Channels.id == bindparam("of_channel"))
_LIST_MEMBERS = (
    select(ChannelMembers.user_id)
    .where(ChannelMembers.channel_id == bindparam("channel_id"))
    .order_by(ChannelMembers.user_id)
)
"""Bounded by the members of the group."""

_ADD_MEMBER = (
    insert_or_ignore(ChannelMembers).on_conflict_do_nothing().returning(ChannelMembers.user_id)
)
REMOVE_CHANNEL_MEMBERS = delete(ChannelMembers).where(
    ChannelMembers.channel_id == bindparam("of_channel")
)


async def find_channel(db: Transaction, channel_id: int, *, reader: Caller) -> Channel:
    """The channel, if its reader may read it. Raises NotFound."""
    row = await db.find(_FIND, channel_id=channel_id, user_id=reader.id)
    if row is None:
        raise NotFound("channel")
    return load(Channel, row)


async def find_channel_to_join(db: Transaction, channel_id: int, *, by: Caller) -> Channel:
    """The channel, if the caller may read it or owns its group. Raises NotFound.

    So owners of a group also find the private channels that they do not belong to.
    """
    row = await db.find(_FIND_TO_JOIN, channel_id=channel_id, user_id=by.id)
    if row is None:
        raise NotFound("channel")
    return load(Channel, row)


async def create_channel(
    db: Transaction, group: Group, name: str, description: str, kind: Kind, *, by: Caller
) -> Channel:
    """A new channel; of a private one the caller is the first member.

    Raises Forbidden when the caller is no moderator or muted, or the group is archived.
    """
    require_moderates(group.role)
    require_active(group)
    created_at = now()
    channel_id = await db.scalar_one(
        _INSERT,
        group_id=group.id,
        name=name,
        description=description,
        kind=kind,
        created_at=created_at,
    )
    channel = Channel(
        id=channel_id,
        group_id=group.id,
        name=name,
        description=description,
        kind=kind,
        created_at=created_at,
        archived=False,
        seconds_between_posts=0,
        role=group.role,
        muted_until=group.muted_until,
    )
    if channel.is_private:
        await let_in(db, channel, by.id, by=by)
    else:
        record(db, channel.group_topic, "channel.created", channel.view(), by=by.id)
    await record_channel_act(db, channel, "channel.created", by=by)
    return channel


async def edit_channel(
    db: Transaction,
    channel: Channel,
    *,
    by: Caller,
    publish_history: bool = False,
    **changes: Unpack[ChannelChanges],
) -> Channel:
    """The channel with new values. Raises Forbidden when the caller is no moderator, or muted.

    Whoever makes an open channel private is its first member and invites the others. A private
    channel that is opened is there for the whole group: Invalid unless told to `publish_history`.
    """
    require_moderator(channel)
    changed = replace(channel, **changes)
    if channel.is_private and not changed.is_private and not publish_history:
        raise Invalid({"publish_history": "Then the whole group reads its posts: say true."})
    if changed == channel:
        return channel
    require_active(channel)
    await db.run(EDIT_CHANNEL, of_channel=channel.id, **changes)
    record(db, channel.topic, "channel.edited", changed.view(), by=by.id)
    is_opened = channel.is_private and not changed.is_private
    await _record_edit(db, channel, changed, by=by)
    if changed.is_private and not channel.is_private:
        record(db, channel.group_topic, "channel.deleted", {"id": channel.id}, by=by.id)
        await let_in(db, changed, by.id, by=by)
        judge_again(db, Rights(topics=[channel.topic], reason="private"))
    elif is_opened:
        record(db, channel.group_topic, "channel.created", changed.view(), by=by.id)
        for user_id in await list_channel_members(db, channel):
            record_left(db, channel, user_id, by=by)
        await db.run(REMOVE_CHANNEL_MEMBERS, of_channel=channel.id)
    elif changed.is_private:
        tell_again(db, channel.id)
    else:
        record(db, channel.group_topic, "channel.edited", changed.view(), by=by.id)
    return changed


async def _record_edit(db: Transaction, channel: Channel, changed: Channel, *, by: Caller) -> None:
    """Record what is different; that of the pace is an act of its own."""
    fields = sorted(ChannelChanges.__annotations__)
    different = [name for name in fields if getattr(channel, name) != getattr(changed, name)]
    if _PACE in different:
        seconds = changed.seconds_between_posts
        await record_channel_act(db, changed, "slow_mode.set", by=by, seconds=seconds)
        different.remove(_PACE)
    if different:
        is_opened = channel.is_private and not changed.is_private
        act = "channel.opened" if is_opened else "channel.edited"
        await record_channel_act(db, changed, act, by=by, fields=different)


async def list_channel_members(db: Transaction, channel: Channel) -> list[int]:
    """The ids of the members of a private channel; the others belong to the whole group."""
    return [row.user_id for row in await db.all(_LIST_MEMBERS, channel_id=channel.id)]


async def let_in(db: Transaction, channel: Channel, user_id: int, *, by: Caller) -> bool:
    """Let a member of the group in; False, and nothing is told, if she is in there already."""
    values = {"channel_id": channel.id, "user_id": user_id, "group_id": channel.group_id}
    is_new = await db.scalar(_ADD_MEMBER, **values) is not None
    if is_new:
        record(db, f"user:{user_id}", "channel.joined", channel.view(), by=by.id)
    return is_new


def require_moderator(channel: Channel) -> None:
    """Raises Forbidden when the reader of the channel is only a member of its group."""
    require_moderates(channel.role)


def require_active(place: Channel | Group) -> None:
    """Raises Forbidden when the group is archived, or its reader is muted there."""
    require_open(place)
    if until := still(place.muted_until):
        raise Forbidden("muted", f"You can read, but not write, until {until:%Y-%m-%dT%H:%M:%SZ}.")


def require_writable(channel: Channel) -> None:
    """Raises Forbidden in an archived group, for who is muted, and for members in announcements."""
    require_active(channel)
    if not channel.writable:
        raise Forbidden("not_a_moderator", "Only moderators and owners write here.")


def record_left(db: Transaction, channel: Channel, user_id: int, *, by: Caller) -> None:
    left = {"id": channel.id, "group_id": channel.group_id}
    record(db, f"user:{user_id}", "channel.left", left, by=by.id)
