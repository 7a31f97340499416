"""Members of private channels: letting them in, and taking them out."""

from sqlalchemy import bindparam

from model.act import record_channel_act
from model.channel import (
    REMOVE_CHANNEL_MEMBERS,
    Channel,
    ChannelMembers,
    find_channel,
    let_in,
    record_left,
    require_moderator,
)
from model.database.unit_of_work import Transaction
from model.errors import Conflict, NotFound
from model.group import find_group, find_member, require_open
from model.log.event import Rights, judge_again, record
from model.user import Caller

_REMOVE_MEMBER = REMOVE_CHANNEL_MEMBERS.where(ChannelMembers.user_id == bindparam("of_user"))


async def add_channel_member(
    db: Transaction, channel: Channel, user_id: int, *, by: Caller
) -> None:
    """Let a member of the group into a private channel; an owner of the group may add herself.

    The channel and the audit are told so, by ids. Raises Conflict when the channel is not private,
    NotFound when the caller may not read it or the user does not belong to the group, Forbidden
    when the caller is no moderator, or the group is archived.
    """
    _require_private(channel)
    require_open(channel)
    lets_herself_in = channel.role.owns and user_id == by.id
    if not lets_herself_in:
        await find_channel(db, channel.id, reader=by)
        require_moderator(channel)
    group = await find_group(db, channel.group_id, reader=by)
    member = await find_member(db, group, user_id)
    if not await let_in(db, channel, member.id, by=by):
        return
    if lets_herself_in:
        ids = {"id": channel.id, "group_id": channel.group_id, "user_id": by.id}
        record(db, channel.topic, "channel.entered", ids, by=by.id)
        await record_channel_act(db, channel, "channel.entered", by=by)
    else:
        await record_channel_act(db, channel, "channel_member.added", by=by, person_id=member.id)


async def remove_channel_member(
    db: Transaction, channel: Channel, user_id: int, *, by: Caller
) -> None:
    """Take somebody out of a private channel; everybody may leave.

    Raises Conflict when the channel is not private, Forbidden when somebody who is no moderator
    removes another, NotFound when the user is no member of the channel.
    """
    _require_private(channel)
    if user_id != by.id:
        require_moderator(channel)
    if not await db.run(_REMOVE_MEMBER, of_channel=channel.id, of_user=user_id):
        raise NotFound("member")
    record_left(db, channel, user_id, by=by)
    judge_again(db, Rights(users=[user_id], reason="removed"))
    if user_id != by.id:
        await record_channel_act(db, channel, "channel_member.removed", by=by, person_id=user_id)


def _require_private(channel: Channel) -> None:
    """Raises Conflict for a channel to which the whole group belongs."""
    if not channel.is_private:
        raise Conflict("not_private", "Everybody in the group belongs to this channel.")
