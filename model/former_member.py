"""Former members: who has left a group is still shown where she wrote.

The topic of a group tells what its members are called. Whoever has left is named by each channel
that shows her, with `person.changed`: when she leaves, and whenever she is called something else.
So does the topic of whoever she has mentioned there. What a channel tells, only its readers learn:
the group does not hear of its private ones.
"""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    ForeignKey,
    Label,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    literal,
    select,
    union,
)
from sqlalchemy.orm import Mapped, aliased

from model.act import MODERATION
from model.application import Applications
from model.ban import Bans
from model.channel import READABLE_CHANNEL, Channels
from model.database.table import foreign_keys_to
from model.database.unit_of_work import Transaction
from model.group import Group, Member, Memberships
from model.log.event import record
from model.mention import Mentions
from model.report import Reports
from model.user import Caller, User, Users, person

_hers = aliased(Memberships)
_IN_NO_GROUP_OF_HERS = ~exists().where(
    _hers.group_id == Channels.group_id, _hers.user_id == bindparam("user_id")
)
_IN_GROUP = Channels.group_id == bindparam("group_id")
TOPICS_OF_MODERATORS = union(
    *[
        select((literal(f"{MODERATION}:") + cast(table.group_id, Text)).label("topic")).where(
            table.user_id == bindparam("user_id")
        )
        for table in (Applications, Bans)
    ]
)
"""Of those groups whose moderators see `user_id` wait, or banned."""


async def tell_name_after_leaving(
    db: Transaction, group: Group, member: Member, *, by: Caller
) -> None:
    """Tell what somebody is called wherever the group that she has just left shows her."""
    await _tell_name(db, member, _topics_of_group(), by=by.id, group_id=group.id)


async def tell_name_to_groups_left(db: Transaction, user: User) -> None:
    """Tell what somebody is called wherever groups that she has left show her.

    The moderators of those that she waits to be let into, or is banned from, are told as well.
    """
    await _tell_name(db, user, _topics_of_groups_left(), by=user.id)
    await _tell_name(db, user, TOPICS_OF_MODERATORS, by=user.id)


async def _tell_name(
    db: Transaction, who: Member | User, topics: CompoundSelect[str], *, by: int, **values: int
) -> None:
    view = person(who.id, who.name, who.avatar)
    for row in await db.all(topics, user_id=who.id, **values):
        record(db, row.topic, "person.changed", view, by=by, about=who.about)


@cache
def _topics_of_group() -> CompoundSelect[str]:
    return topics_of(channels_naming(), _IN_GROUP)


@cache
def _topics_of_groups_left() -> CompoundSelect[str]:
    return topics_of(channels_naming(), _IN_NO_GROUP_OF_HERS)


def channels_naming() -> list[Select[int]]:
    """The channels that name `user_id`: with what stays there without her when her account goes.

    Who has reported what there is none of that.
    """
    keys = [key for key in foreign_keys_to(Users) if key.ondelete == "SET NULL"]
    return channels_with(key for key in keys if key.parent.table is not Reports.__table__)


def channels_with(keys: Iterable[ForeignKey]) -> list[Select[int]]:
    """The channels with rows that refer to `user_id` by some keys."""
    return [channels for key in keys for channels in _channels_of(key)]


def topics_of(channels: Iterable[Select[int]], *where: ColumnElement[bool]) -> CompoundSelect[str]:
    """The topics of some channels, and of those whom `user_id` has mentioned where they read."""
    shown = union(*channels).subquery()
    (channel_id,) = shown.c
    of_channels = (
        select(_topic("channel", Channels.id))
        .join_from(Channels, shown, channel_id == Channels.id)
        .where(Channels.group_id.is_not(None), *where)
    )
    of_people = (
        select(_topic("user", Mentions.user_id))
        .join_from(Mentions, Channels, Channels.id == Mentions.channel_id)
        .join(
            Memberships,
            (Memberships.group_id == Channels.group_id) & (Memberships.user_id == Mentions.user_id),
        )
        .where(Mentions.by_id == bindparam("user_id"), READABLE_CHANNEL, *where)
    )
    return union(of_channels, of_people)


def _topic(noun: str, number: Mapped[int]) -> Label[str]:
    return (literal(f"{noun}:") + cast(number, Text)).label("topic")


def _channels_of(key: ForeignKey) -> list[Select[int]]:
    """Those that the rows themselves belong to, or else what they belong to."""
    table, is_hers = key.parent.table, key.parent == bindparam("user_id")
    if "channel_id" in table.c:
        return [select(table.c.channel_id).where(is_hers)]
    return [
        select(of.column.table.c.channel_id)
        .join_from(table, of.column.table, of.parent == of.column)
        .where(is_hers)
        for of in table.foreign_keys
        if "channel_id" in of.column.table.c
    ]
