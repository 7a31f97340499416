"""What administrators do with groups that they do not read, each time seen by the group.

They may archive or delete a group, give an owner to one that has lost its own, and become members
of it, like everybody else there. All of it is in the audit, and in the record of the group.
"""

from dataclasses import replace

from sqlalchemy import bindparam, literal, null, select

from model.account import require_admin
from model.act import record_group_act, record_server_act
from model.admin_group_list import HAS_OWNER
from model.application import withdraw_application
from model.archive import change_group
from model.ban import require_not_banned
from model.database.row import columns_of, load
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, NotFound
from model.group import (
    Group,
    Groups,
    Memberships,
    Role,
    add_member,
    find_member,
    is_member,
    require_open,
    set_role,
)
from model.removal import delete_group
from model.session import require_recent_password
from model.user import Caller, find_account

_FIND = finder(
    select(
        *columns_of(Groups, Group),
        literal(Role.OWNER, Memberships.role.type).label("role"),
        null().label("muted_until"),
    ).where(Groups.id == bindparam("group_id")),
    locks=[Groups],
)
_HAS_OWNER = select(Groups.id).where(Groups.id == bindparam("group_id"), HAS_OWNER)


async def archive_as_admin(db: Transaction, group_id: int, *, archived: bool, by: Caller) -> None:
    """Archive a group, or bring it back.

    Raises Forbidden unless the caller is an administrator who has given her password lately, and
    NotFound.
    """
    group = await _find(db, group_id, by=by)
    if archived != group.archived:
        await change_group(db, group, by=by, archived=archived)
        kind = "group.archived" if archived else "group.unarchived"
        await record_server_act(db, kind, by=by, subject=group.topic)


async def delete_as_admin(db: Transaction, group_id: int, *, by: Caller) -> None:
    """Delete a group with all that was written there. Raises what `archive_as_admin` does."""
    await delete_group(db, await _find(db, group_id, by=by), by=by)


async def give_owner(db: Transaction, group_id: int, user_id: int, *, by: Caller) -> None:
    """Make somebody the owner of a group that has none who may sign in.

    Whoever does not belong to it does so then. Raises Conflict when it has an owner or the person
    is inactive, Forbidden for somebody who is banned there, and what `archive_as_admin` does.
    """
    await require_admin(db, by=by)
    user = await find_account(db, user_id)
    group = await _find(db, group_id, by=by)
    member = await find_member(db, group, user.id) if await is_member(db, group, user.id) else None
    if member and member.role.owns and user.active:
        return
    if await db.first(_HAS_OWNER, group_id=group.id):
        raise Conflict("has_owner", "The group has an owner, who decides who else becomes one.")
    if not user.active:
        raise Conflict("inactive", "This account is disabled: let her in again first.")
    if member:
        await set_role(db, group, member, Role.OWNER, by=by)
    else:
        await require_not_banned(db, group.id, user.id)
        await withdraw_application(db, group.id, by=user)
        await add_member(db, group, user, by=by)
    await record_group_act(db, group.id, "owner.given", by=by, person_id=user.id)
    await record_server_act(db, "owner.given", by=by, person_id=user.id, subject=group.topic)


async def enter_group(db: Transaction, group_id: int, *, by: Caller) -> Group:
    """Let the caller, an administrator, into a group as a member whom everybody there sees.

    Raises Conflict when she belongs to it, Forbidden when it is archived or she is banned there,
    and what `archive_as_admin` does.
    """
    group = await _find(db, group_id, by=by)
    require_open(group)
    await require_not_banned(db, group.id, by.id)
    await withdraw_application(db, group.id, by=by)
    entered = replace(group, role=Role.MEMBER)
    member = await add_member(db, entered, by)
    await record_group_act(db, group.id, "group.entered", by=by)
    await record_server_act(db, "group.entered", by=by, subject=group.topic)
    return replace(entered, muted_until=member.muted_until)


async def _find(db: Transaction, group_id: int, *, by: Caller) -> Group:
    """The group as its owners have it, for an administrator. Raises Forbidden and NotFound."""
    await require_admin(db, by=by)
    row = await db.find(_FIND, group_id=group_id)
    if row is None:
        raise NotFound("group")
    require_recent_password(by)
    return load(Group, row)
