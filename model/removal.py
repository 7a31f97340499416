"""Leaving groups; deleting channels, groups and accounts.

Each needs what hangs on these, so it stands apart.

Whoever reads what is deleted is sent away, and the logs that show it begin anew. The rows of
`topics` stay: a number that was given out is never given out again.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import (
    CompoundSelect,
    Delete,
    ForeignKey,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
)

from model.account import GROUPS_OF_USER, lock_admins, require_admin, require_another_admin
from model.account_link import AccountLinks, end_links_made_by
from model.act import moderation_topic, record_channel_act, record_group_act, record_server_act
from model.application import Applications, close_all_applications
from model.ban import Bans
from model.channel import (
    EDIT_CHANNEL,
    Channel,
    Channels,
    list_channel_members,
    record_left,
    require_moderator,
)
from model.database.table import Base, foreign_keys_to
from model.database.unit_of_work import Transaction
from model.document import Documents
from model.document_space import own_keys
from model.errors import Conflict, Forbidden
from model.export import Exports
from model.former_member import (
    TOPICS_OF_MODERATORS,
    channels_naming,
    channels_with,
    tell_name_after_leaving,
    topics_of,
)
from model.group import (
    REMOVE_MEMBER,
    Group,
    Groups,
    KeptMutes,
    Member,
    Memberships,
    Role,
    require_another_owner,
    require_owner,
    still,
)
from model.idempotency import IdempotencyKeys
from model.log.event import ADMIN_TOPIC, Events, Rights, Topics, judge_again, record
from model.mention import Mentions
from model.read_mark import ReadMarks
from model.session import Sessions, require_recent_password, revoke_other_sessions
from model.slow_mode import LastPosts
from model.storage.blob import note_use
from model.user import Caller, Enrolments, User, Users, erase_user, find_account

_KEEP_MUTE = insert(KeptMutes)
CHANNELS_OF_GROUP = (
    select(Channels.id)
    .where(Channels.group_id == bindparam("of_group"))
    .order_by(Channels.id)
    .with_for_update(key_share=True)
)
"""They are locked before the memberships go, as by whoever writes there."""

_MEMBERS_OF_GROUP = select(Memberships.user_id).where(Memberships.group_id == bindparam("of_group"))
_DELETE_GROUP = delete(Groups).where(Groups.id == bindparam("of_group"))
_ONLY_OWNER_OF = (
    select(Memberships.group_id)
    .where(Memberships.role == Role.OWNER)
    .group_by(Memberships.group_id)
    .having(func.count() == 1, func.max(Memberships.user_id) == bindparam("user_id"))
    .order_by(Memberships.group_id)
)
_CHANNELS_OF_USER = (
    select(Channels.id)
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .where(Memberships.user_id == bindparam("user_id"))
)
_TOPIC_OF_ROSTER = select(literal("group:") + cast(Enrolments.group_id, Text)).where(
    Enrolments.user_id == bindparam("user_id")
)
"""It has told in one event who was enrolled together."""

_in_topic = select(literal(1)).where(Events.topic == Topics.name)
_LOGS_OF_USER = select(Topics.name.label("topic")).where(
    or_(
        _in_topic.where(Events.about == bindparam("about")).exists(),
        _in_topic.where(Events.by == bindparam("user_id")).exists(),
        Topics.name.in_(_TOPIC_OF_ROSTER),
    )
)
"""Topics whose events show a person or what that person did: of groups long left, too.

Each is asked by an index: the work grows with the topics, not with what that person did.
"""

_DELETE_DOCUMENTS = (
    delete(Documents)
    .where(
        Documents.saved_by == bindparam("user_id"),  # nobody else saves there
        Documents.channel_id.is_not(None),
        func.substr(Documents.key, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
    )
    .returning(Documents.topic)
    .execution_options(in_thread=True)
)
_UNSEEN: set[type[Base]] = {
    AccountLinks, Applications, Bans, Documents, Enrolments, Exports, IdempotencyKeys, KeptMutes,
    LastPosts, Mentions, ReadMarks, Sessions,
}  # fmt: skip
"""What goes with an account, and is seen by nobody when it has none: it waits for the purge."""


async def remove_member(db: Transaction, group: Group, member: Member, *, by: Caller) -> None:
    """Take a member out of a group: owners anybody, moderators members, and everybody herself.

    Raises Forbidden for whoever may not, and Conflict when the last owner would go.
    """
    if member.id != by.id and not (group.role.owns or group.role.outranks(member.role)):
        raise Forbidden("not_allowed_to_remove", "Only a higher role may remove this member.")
    if member.role.owns:
        await require_another_owner(db, group)
    await take_out(db, group, member, by=by)
    if member.id != by.id:
        await record_group_act(db, group.id, "member.removed", by=by, person_id=member.id)


async def take_out(db: Transaction, group: Group, member: Member, *, by: Caller) -> None:
    """Let a member belong to the group no longer; she stays muted for when she comes back."""
    await db.run(REMOVE_MEMBER, of_group=group.id, of_user=member.id)
    if until := still(member.muted_until):
        await db.run(_KEEP_MUTE, group_id=group.id, user_id=member.id, until=until)
    await tell_name_after_leaving(db, group, member, by=by)
    record(db, group.topic, "member.left", {"id": member.id}, by=by.id)
    record(db, member.topic, "membership.removed", {"group_id": group.id}, by=by.id)
    judge_again(db, Rights(users=[member.id], reason="removed"))


async def delete_channel(db: Transaction, channel: Channel, *, by: Caller) -> None:
    """Delete a channel with all that was written there, and its log.

    The members of a private channel are told that it is gone; of another channel, the group is.
    Raises Forbidden when the caller is no moderator.
    """
    require_moderator(channel)
    member_ids = await list_channel_members(db, channel) if channel.is_private else []
    await db.run(EDIT_CHANNEL, of_channel=channel.id, group_id=None)
    judge_again(db, Rights(topics=[channel.topic], reason="deleted"), forget=[channel.topic])
    deleted = {"id": channel.id}
    record(db, channel.topic, "channel.deleted", deleted, by=by.id)
    for user_id in member_ids:
        record_left(db, channel, user_id, by=by)
    if not channel.is_private:
        record(db, channel.group_topic, "channel.deleted", deleted, by=by.id)
    await record_channel_act(db, channel, "channel.deleted", by=by)


async def delete_group(db: Transaction, group: Group, *, by: Caller) -> None:
    """Delete a group with its channels and all that was written there.

    Raises Forbidden when the caller is no owner.
    """
    require_owner(group)
    channels = [f"channel:{row.id}" for row in await db.all(CHANNELS_OF_GROUP, of_group=group.id)]
    members = [row.user_id for row in await db.all(_MEMBERS_OF_GROUP, of_group=group.id)]
    await close_all_applications(db, group.id, by=by)
    await db.run(_DELETE_GROUP, of_group=group.id)
    topics = [group.topic, moderation_topic(group.id), *channels]
    judge_again(db, Rights(topics=topics, reason="deleted"), forget=topics)
    record(db, group.topic, "group.deleted", {"id": group.id}, by=by.id)
    await record_server_act(db, "group.deleted", by=by, subject=group.topic)
    for user_id in members:
        record(db, f"user:{user_id}", "membership.removed", {"group_id": group.id}, by=by.id)


async def remove_account(db: Transaction, user_id: int, *, by: Caller) -> None:
    """Delete the account of anybody, as `delete_account` does.

    Raises Forbidden unless the caller is an administrator who has given her password lately,
    NotFound, and what `delete_account` raises.
    """
    await require_admin(db, by=by)
    user = await find_account(db, user_id)
    require_recent_password(by)
    if user.id != by.id:
        await record_server_act(db, "account.deleted", by=by, person_id=user.id)
    await delete_account(db, user, by=by)


async def delete_account(db: Transaction, user: User, *, by: Caller) -> None:
    """Delete an account. Its posts stay, without an author; all else of the person goes.

    So do the documents that only she could save. The logs that show the name or such a document
    begin anew, so that both are gone from them too. Raises Conflict for the last administrator, and
    for the last owner of a group.
    """
    if user.administers:
        require_another_admin(await lock_admins(db), user)
    groups = await db.all(GROUPS_OF_USER, user_id=user.id)
    alone = [row.group_id for row in await db.all(_ONLY_OWNER_OF, user_id=user.id)]
    if alone:
        names = ", ".join(row.name for row in groups if row.id in alone)
        raise Conflict("last_owner", f"Make somebody else an owner first, of: {names}.")
    group_topics = [f"group:{row.id}" for row in groups]
    moderated = await db.all(TOPICS_OF_MODERATORS, user_id=user.id)
    logs = {user.topic, *group_topics, *await _logs_with(db, user)}
    documents = await db.all(_DELETE_DOCUMENTS, user_id=user.id, prefix=own_keys(user.id))
    logs.update(row.topic for row in documents)
    await revoke_other_sessions(db, user.id, but=None, by=by.id)
    await end_links_made_by(db, user)
    await note_use(db, sha256=user.avatar)
    for statement in _delete_own_rows():
        await db.run(statement, of_user=user.id)
    await erase_user(db, user)
    group_topics.extend(row.topic for row in moderated)
    _tell_deleted(db, user, group_topics, sorted(logs - {ADMIN_TOPIC}), by=by)


@cache
def _delete_own_rows() -> list[Delete]:
    """The statements that delete what others see, and what goes with an account."""
    return [
        delete(key.parent.table)
        .where(key.parent == bindparam("of_user"))
        .execution_options(in_thread=True)
        for key in _own_keys()
    ]


def _own_keys() -> list[ForeignKey]:
    unseen = {table.__table__ for table in _UNSEEN}
    cascading = [key for key in foreign_keys_to(Users) if key.ondelete == "CASCADE"]
    return [key for key in cascading if key.parent.table not in unseen]


async def _logs_with(db: Transaction, user: User) -> set[str]:
    """The topics that show a user or what that user did, and those of all her channels."""
    logs = await db.all(_LOGS_OF_USER, about=user.about, user_id=user.id)
    lists = await db.all(_topics_of_channels(), user_id=user.id)
    return {row.topic for row in (*logs, *lists)}


@cache
def _topics_of_channels() -> CompoundSelect[str]:
    """All of her groups; of those that she has left, the ones that show her without any event."""
    return topics_of([_CHANNELS_OF_USER, *channels_naming(), *channels_with(_own_keys())])


def _tell_deleted(
    db: Transaction, user: User, group_topics: Sequence[str], logs: list[str], *, by: Caller
) -> None:
    deleted = {"id": user.id}
    for topic in group_topics:
        record(db, topic, "member.anonymised", deleted, by=by.id)
    record(
        db, ADMIN_TOPIC, "user.deleted", deleted, by=by.id, about=user.about, scrubs=[user.about]
    )
    judge_again(db, Rights(users=[user.id], reason="account"), forget=logs)
