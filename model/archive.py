"""Archiving a group: everything there can be read, and nothing is written any more.

Moderating, leaving, and bringing the group back remain.
"""

from dataclasses import replace
from typing import Unpack

from sqlalchemy import bindparam, update

from model.act import moderation_topic, record_group_act
from model.channel import Channels
from model.database.unit_of_work import Transaction
from model.group import EDIT_GROUP, Group, GroupChanges, edit_group, require_owner
from model.log.event import Rights, judge_again, record
from model.removal import CHANNELS_OF_GROUP
from model.user import Caller

_EDIT_CHANNELS = update(Channels).where(Channels.group_id == bindparam("of_group"))


async def change_group(
    db: Transaction,
    group: Group,
    *,
    by: Caller,
    archived: bool | None = None,
    **changes: Unpack[GroupChanges],
) -> Group:
    """The group with new values, archived or brought back.

    Raises Forbidden when the caller is no owner, and for other values of an archived group.
    """
    require_owner(group)
    if archived is False and group.archived:
        group = await _set_archived(db, group, "group.unarchived", archived=False, by=by)
    group = await edit_group(db, group, by=by, **changes)
    if archived and not group.archived:
        group = await _set_archived(db, group, "group.archived", archived=True, by=by)
    return group


async def _set_archived(
    db: Transaction, group: Group, act: str, *, archived: bool, by: Caller
) -> Group:
    """The group, archived or brought back.

    Its channels, which say so as well, are locked as by whoever writes there.
    """
    channels = [f"channel:{row.id}" for row in await db.all(CHANNELS_OF_GROUP, of_group=group.id)]
    await db.run(EDIT_GROUP, of_group=group.id, archived=archived)
    await db.run(_EDIT_CHANNELS, of_group=group.id, archived=archived)
    changed = replace(group, archived=archived)
    record(db, group.topic, "group.edited", changed.view(), by=by.id)
    topics = [group.topic, moderation_topic(group.id), *channels]
    judge_again(db, Rights(topics=topics, reason="role"))
    await record_group_act(db, group.id, act, by=by)
    return changed
