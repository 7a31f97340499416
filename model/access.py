"""Which topics somebody may read, and on which of them she may not signal.

Each is decided in one statement of one snapshot.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    bindparam,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Mapped

from model.act import MODERATION
from model.channel import READABLE_CHANNEL, Channels
from model.database.json_rows import json_object, json_rows, number
from model.database.row import AnyRow
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import NotFound
from model.group import Groups, Memberships, Role
from model.log.cursor import TopicHead, topic_heads
from model.log.event import ADMIN_TOPIC
from model.user import Caller, ServerRole, Users

_channels, _groups = json_rows("channel_ids"), json_rows("group_ids")
_moderated, _users = json_rows("moderation_ids"), json_rows("user_ids")


def _readable_topics(
    user_id: ColumnElement[int], *users: FromClause
) -> CompoundSelect[int, str, int]:
    """Of what is given, what the user may read; of each in `users`, where `user_id` is from there.

    It goes from each topic to the membership that it takes. SQLite would rather go from the user to
    all her channels, and through all that is given with each of them.
    """
    asked = select(user_id.label("user_id")).select_from(*users)
    is_active = (Users.id == user_id, Users.active == true())
    member = select(literal(1)).where(Memberships.user_id == Users.id, *is_active)
    in_channel = member.where(Memberships.group_id == Channels.group_id, READABLE_CHANNEL)
    in_group = member.where(Memberships.group_id == number(_groups.c.key))
    moderates = member.where(
        Memberships.group_id == number(_moderated.c.key), Memberships.role != Role.MEMBER
    )
    return union_all(
        asked.add_columns(literal("channel").label("noun"), Channels.id.label("number"))
        .join_from(_channels, Channels, Channels.id == number(_channels.c.key))
        .where(in_channel.correlate(Channels, *users).exists()),
        asked.add_columns(literal("group"), number(_groups.c.key)).where(
            in_group.correlate(_groups, *users).exists()
        ),
        asked.add_columns(literal(MODERATION), number(_moderated.c.key)).where(
            moderates.correlate(_moderated, *users).exists()
        ),
        asked.add_columns(literal("user"), Users.id).where(*is_active),
        asked.add_columns(literal(ADMIN_TOPIC), Users.id).where(
            *is_active, Users.role == ServerRole.ADMIN
        ),
    )


_OF_ONE = _readable_topics(bindparam("user_id", type_=BigInteger))
_OF_MANY = _readable_topics(number(_users.c.key), _users)
_PAIRS_AT_ONCE = 2000  # of a user and a topic: those who follow the same are asked together

GroupId = Mapped[int] | Mapped[int | None]
_of_users = Memberships.user_id.in_(select(number(_users.c.key)))


def _silenced(
    noun: str, given: FromClause, place: type[Channels | Groups], group_id: GroupId
) -> Select[int, str, int, datetime | None, bool]:
    """Those of the given places where users are muted, or the group is archived."""
    return (
        select(
            Memberships.user_id,
            literal(noun).label("noun"),
            place.id.label("number"),
            Memberships.muted_until,
            place.archived,
        )
        .join_from(given, place, place.id == number(given.c.key))
        .join(Memberships, Memberships.group_id == group_id)
        .where(_of_users, or_(place.archived, Memberships.muted_until > bindparam("now")))
    )


_SILENCED = union_all(
    _silenced("channel", _channels, Channels, Channels.group_id),
    _silenced("group", _groups, Groups, Groups.id),
    _silenced(MODERATION, _moderated, Groups, Groups.id),
)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

_READERS_OF_CHANNELS = (
    select(Memberships.user_id, Channels.id.label("channel_id"), Channels.group_id)
    .join_from(_channels, Channels, Channels.id == number(_channels.c.key))
    .join(Memberships, Memberships.group_id == Channels.group_id)
    .join(Users, Users.id == Memberships.user_id)
    .where(
        Memberships.user_id.in_(select(number(_users.c.key))),
        Users.active == true(),
        READABLE_CHANNEL,
    )
)


async def find_topic(db: Transaction, name: str, *, reader: Caller) -> TopicHead:
    """The head of a topic that its reader may read. Raises NotFound."""
    if not await readable_topics(db, reader.id, [name]):
        raise NotFound("topic")
    return (await topic_heads(db, name))[name]


async def readable_topics(db: Transaction, user_id: int, topics: Collection[str]) -> set[str]:
    """The topics of the given ones that a user may read. Names that are no topic are left out."""
    rows = await db.all(_OF_ONE, user_id=user_id, **_given(topics))
    return {_topic(row) for row in rows}.intersection(topics)


async def readable_topics_of(
    db: Transaction, wanted: Mapping[int, Collection[str]]
) -> dict[int, set[str]]:
    """The topics that each of some users may read, of those given for her."""
    found = defaultdict[int, set[str]](set)
    for user_ids, topics in _together(wanted):
        for row in await db.all(_OF_MANY, user_ids=json_object(user_ids), **_given(topics)):
            found[row.user_id].add(_topic(row))
    return {user_id: found[user_id].intersection(topics) for user_id, topics in wanted.items()}


async def silences_of(
    db: Transaction, wanted: Mapping[int, Collection[str]]
) -> dict[int, dict[str, datetime]]:
    """Where each of some users may not signal, among the topics given for her, and until when."""
    found = defaultdict[int, dict[str, datetime]](dict)
    for user_ids, topics in _together(wanted):
        values = {"user_ids": json_object(user_ids), "now": now(), **_given(topics)}
        for row in await db.all(_SILENCED, **values):
            found[row.user_id][_topic(row)] = _FOR_EVER if row.archived else row.muted_until
    return found


def _together(wanted: Mapping[int, Collection[str]]) -> Iterator[tuple[list[int], set[str]]]:
    """Users of whom one statement asks, and the topics that one of them wants."""
    user_ids, topics = list[int](), set[str]()
    for user_id, of_user in wanted.items():
        if user_ids and (len(user_ids) + 1) * len(topics.union(of_user)) > _PAIRS_AT_ONCE:
            yield user_ids, topics
            user_ids, topics = [], set()
        user_ids.append(user_id)
        topics.update(of_user)
    if user_ids:
        yield user_ids, topics


def _given(topics: Iterable[str]) -> dict[str, str]:
    ids = defaultdict[str, list[int]](list)
    for topic in topics:
        noun, _, number = topic.partition(":")
        if re.fullmatch("[1-9][0-9]{0,17}", number):
            ids[noun].append(int(number))
    return {f"{noun}_ids": json_object(ids[noun]) for noun in ("channel", "group", MODERATION)}


def _topic(row: AnyRow) -> str:
    return ADMIN_TOPIC if row.noun == ADMIN_TOPIC else f"{row.noun}:{row.number}"


async def readers_of_channels(
    db: Transaction, channel_ids: Iterable[int], user_ids: Iterable[int]
) -> Sequence[AnyRow]:
    """Each `user_id` of some people with each `channel_id` of some that she may read.

    With the `group_id` of the channel.
    """
    return await db.all(
        _READERS_OF_CHANNELS,
        channel_ids=json_object(channel_ids),
        user_ids=json_object(user_ids),
    )
