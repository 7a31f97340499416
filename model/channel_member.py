"""Who belongs to a private channel: letting members of the group in, and taking them out."""

from sqlalchemy import bindparam, delete, or_

from model.channel import (
    MINE,
    READABLE,
    Channel,
    ChannelMembers,
    Channels,
    add_members,
    find_channel,
    record_left,
    require_moderator,
)
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, NotFound
from model.group import Memberships, Role, find_group
from model.log.event import Rights, judge_again
from model.membership import find_member
from model.user import Caller

FIND_OWNED = finder(
    MINE.where(
        Channels.id == bindparam("channel_id"),
        or_(READABLE, Memberships.role == Role.OWNER),
    ),
    locks=[Channels, Memberships],
)
REMOVE_MEMBER = delete(ChannelMembers).where(
    ChannelMembers.channel_id == bindparam("of_channel"),
    ChannelMembers.user_id == bindparam("of_user"),
)


async def find_channel_to_join(db: Transaction, channel_id: int, *, by: Caller) -> Channel:
    """As `find_channel`; owners of the group also find the private channels they are not in."""
    row = await db.find(FIND_OWNED, channel_id=channel_id, user_id=by.id)
    if row is None:
        raise NotFound("channel")
    return Channel(*row)


async def add_channel_member(
    db: Transaction, channel: Channel, user_id: int, *, by: Caller
) -> None:
    """By a member of the channel who moderates; an owner of the group may add herself."""
    require_private(channel)
    if not (channel.role.owns and user_id == by.id):
        await find_channel(db, channel.id, reader=by)
        require_moderator(channel)
    group = await find_group(db, channel.group_id, reader=by)
    member = await find_member(db, group, user_id)
    await add_members(db, channel, [member.id], by=by)


async def remove_channel_member(
    db: Transaction, channel: Channel, user_id: int, *, by: Caller
) -> None:
    require_private(channel)
    if user_id != by.id:
        require_moderator(channel)
    if not await db.run(REMOVE_MEMBER, of_channel=channel.id, of_user=user_id):
        raise NotFound("member")
    record_left(db, channel, user_id, by=by)
    judge_again(db, Rights(users=[user_id], reason="removed"))


def require_private(channel: Channel) -> None:
    if not channel.is_private:
        raise Conflict("not_private", "Everybody in the group belongs to this channel.")
