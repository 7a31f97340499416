"""Keeping people out of a group: banning, and lifting a ban.

Who can be banned belongs to the group, waits to be let in, or is known there: a channel that the
moderator may read shows something of hers, or the record of the group names her. Nobody else is
found, whoever she is.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select, union
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore

from model.act import Acts, record_group_act
from model.application import Applications, close_application
from model.ban import Bans
from model.channel import READABLE_CHANNEL, Channels
from model.database.page import Page, pages
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import NotFound
from model.former_member import channels_naming
from model.group import Group, Member, Memberships, find_member, require_moderates, require_outranks
from model.join_code import renew_join_code
from model.removal import take_out
from model.user import HAS_ACCOUNT, Caller, NamedPersonView, Users, named_person


class BanView(NamedPersonView):
    """Who is banned from a group, and since when."""

    created_at: datetime


_LIST = pages(
    select(Users.id, Users.name, Users.avatar, Users.username, Bans.created_at)
    .join_from(Bans, Users, Users.id == Bans.user_id)
    .where(Bans.group_id == bindparam("group_id"), HAS_ACCOUNT),
    Users.id,
)
_BAN = insert_or_ignore(Bans).on_conflict_do_nothing().returning(Bans.user_id)
_LIFT = delete(Bans).where(
    Bans.group_id == bindparam("of_group"), Bans.user_id == bindparam("of_user")
)


async def list_bans(db: Transaction, group: Group, page: Page) -> tuple[list[BanView], int | None]:
    """Who is banned from the group, in the order in which they registered.

    Raises Forbidden when the reader of the group is only a member.
    """
    require_moderates(group.role)
    rows, following = page.cut(await db.all(_LIST.of(page), group_id=group.id, **page.values))
    return [
        {
            **named_person(row.id, row.name, row.avatar, username=row.username),
            "created_at": row.created_at,
        }
        for row in rows
    ], following


async def ban(
    db: Transaction, group: Group, user_id: int, *, by: Caller, new_code: bool = False
) -> None:
    """Keep somebody out: she is no member any more, and does not come back by whatever code.

    With `new_code` the code that she knows is replaced. Raises Forbidden when the caller is only a
    member or does not outrank her, and NotFound for whoever the group does not know.
    """
    require_moderates(group.role)
    member = await _member_or_known(db, group, user_id, by=by)
    if member is not None:
        require_outranks(group, member)
        await take_out(db, group, member, by=by)
    await close_application(db, group.id, user_id, by=by)
    banned = {"group_id": group.id, "user_id": user_id, "created_at": now()}
    if await db.scalar(_BAN, **banned) is not None:
        was_member = member is not None
        await record_group_act(
            db, group.id, "member.banned", by=by, person_id=user_id, was_member=was_member
        )
    if new_code:
        await renew_join_code(db, group, by=by)


async def lift_ban(db: Transaction, group: Group, user_id: int, *, by: Caller) -> None:
    """Let somebody come again who has a code.

    Raises Forbidden when the caller is only a member, and NotFound when she is not banned.
    """
    require_moderates(group.role)
    if not await db.run(_LIFT, of_group=group.id, of_user=user_id):
        raise NotFound("ban")
    await record_group_act(db, group.id, "member.unbanned", by=by, person_id=user_id)


async def _member_or_known(
    db: Transaction, group: Group, user_id: int, *, by: Caller
) -> Member | None:
    """The member, or None for somebody else whom the group knows. Raises NotFound."""
    try:
        return await find_member(db, group, user_id)
    except NotFound:
        values = {"group_id": group.id, "user_id": user_id, "reader_id": by.id}
        if await db.first(_known(), **values) is None:
            raise NotFound("person") from None
    return None


@cache
def _known() -> Select[int]:
    """The user, if something that the reader may see in the group is hers."""
    naming = union(*channels_naming()).subquery()
    (channel_id,) = naming.c
    is_shown = exists().where(
        Channels.id == channel_id,
        Channels.group_id == bindparam("group_id"),
        Memberships.group_id == Channels.group_id,
        Memberships.user_id == bindparam("reader_id"),
        READABLE_CHANNEL,
    )
    in_record = [
        and_(named == Users.id, Acts.group_id == bindparam("group_id"))
        for named in (Acts.by_id, Acts.person_id)
    ]
    in_group = [
        and_(table.group_id == bindparam("group_id"), table.user_id == Users.id)
        for table in (Applications, Bans)
    ]
    known = [is_shown, *(exists().where(rule) for rule in (*in_record, *in_group))]
    return select(Users.id).where(Users.id == bindparam("user_id"), HAS_ACCOUNT, or_(*known))
