"""Deleting channels and groups: who reads them is sent away, and their logs go with them.

The rows of `topics` stay: a number that was given out is never given out again.
"""

from sqlalchemy import bindparam, delete, select

from model.channel import Channel, Channels, channel_member_ids, require_moderator
from model.database.unit_of_work import Transaction
from model.group import Group, Groups, Memberships, require_owner
from model.log.event import Rights, judge_again, record
from model.user import Caller

DELETE_CHANNEL = delete(Channels).where(Channels.id == bindparam("of_channel"))
DELETE_GROUP = delete(Groups).where(Groups.id == bindparam("of_group"))
CHANNELS_OF = select(Channels.id).where(Channels.group_id == bindparam("of_group"))
MEMBERS_OF = select(Memberships.user_id).where(Memberships.group_id == bindparam("of_group"))


async def delete_channel(db: Transaction, channel: Channel, *, by: Caller) -> None:
    """The members of a private channel are told that it is gone, else the group is."""
    require_moderator(channel)
    member_ids = await channel_member_ids(db, channel) if channel.is_private else []
    await db.run(DELETE_CHANNEL, of_channel=channel.id)
    _close(db, [channel.topic])
    deleted = {"id": channel.id}
    record(db, channel.topic, "channel.deleted", deleted, by=by.id)
    for user_id in member_ids:
        left = {"id": channel.id, "group_id": channel.group_id}
        record(db, f"user:{user_id}", "channel.left", left, by=by.id)
    if not channel.is_private:
        record(db, channel.group_topic, "channel.deleted", deleted, by=by.id)


async def delete_group(db: Transaction, group: Group, *, by: Caller) -> None:
    """With its channels and all that was written there."""
    require_owner(group)
    channels = [f"channel:{row.id}" for row in await db.all(CHANNELS_OF, of_group=group.id)]
    members = [row.user_id for row in await db.all(MEMBERS_OF, of_group=group.id)]
    await db.run(DELETE_GROUP, of_group=group.id)
    _close(db, [group.topic, *channels])
    record(db, group.topic, "group.deleted", {"id": group.id}, by=by.id)
    for user_id in members:
        record(db, f"user:{user_id}", "membership.removed", {"group_id": group.id}, by=by.id)


def _close(db: Transaction, topics: list[str]) -> None:
    judge_again(db, Rights(topics=topics, reason="deleted"), forget=topics)
