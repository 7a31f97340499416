"""Which topics somebody may read, decided in one statement of one snapshot."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, literal, select, true, union_all

from model.channel import READABLE_CHANNEL, Channels
from model.database.json_rows import json_object, json_rows, number
from model.database.row import AnyRow
from model.database.unit_of_work import Transaction
from model.errors import NotFound
from model.group import Memberships
from model.log.cursor import TopicHead, topic_heads
from model.log.event import ADMIN_TOPIC
from model.user import Caller, ServerRole, Users

_channels, _groups = json_rows("channel_ids"), json_rows("group_ids")
_users = json_rows("user_ids")
_active = (Users.id == bindparam("user_id"), Users.active == true())
_READABLE_TOPICS = union_all(
    select(literal("channel").label("noun"), Channels.id.label("number"))
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .join(Users, Users.id == Memberships.user_id)
    .join(_channels, Channels.id == number(_channels.c.key))
    .where(*_active, READABLE_CHANNEL),
    select(literal("group"), Memberships.group_id)
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .join(_groups, Memberships.group_id == number(_groups.c.key))
    .where(*_active),
    select(literal("user"), Users.id).where(*_active),
    select(literal(ADMIN_TOPIC), Users.id).where(*_active, Users.role == ServerRole.ADMIN),
)

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


async def readable_topics(db: Transaction, user_id: int, topics: Iterable[str]) -> set[str]:
    """The topics of the given ones that a user may read. Names that are no topic are left out."""
    wanted = set(topics)
    ids = defaultdict[str, list[int]](list)
    for topic in wanted:
        noun, _, number = topic.partition(":")
        if re.fullmatch("[1-9][0-9]{0,17}", number):
            ids[noun].append(int(number))
    rows = await db.all(
        _READABLE_TOPICS,
        user_id=user_id,
        channel_ids=json_object(ids["channel"]),
        group_ids=json_object(ids["group"]),
    )
    found = {ADMIN_TOPIC if row.noun == ADMIN_TOPIC else f"{row.noun}:{row.number}" for row in rows}
    return wanted & found


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
