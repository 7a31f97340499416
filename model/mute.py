"""Mutes: until some time a member reads, and writes nothing; she keeps what she wrote."""

from datetime import date, datetime

from sqlalchemy import bindparam, delete, select
from typing_extensions import TypedDict

from model.act import record_group_act
from model.database.page import Page, pages
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import Invalid
from model.group import (
    EDIT_MEMBER,
    MUTE_LASTS_AT_MOST,
    Group,
    KeptMutes,
    Member,
    Memberships,
    require_moderates,
    require_outranks,
    still,
)
from model.log.event import Rights, judge_again, record
from model.user import Caller, Users


class ModeratedView(TypedDict):
    """What moderators see of a member: the day she was here last, and until when she is muted."""

    id: int
    last_seen_on: date | None
    muted_until: datetime | None


_LIST = pages(
    select(Users.id, Users.last_seen_on, Memberships.muted_until)
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .where(Memberships.group_id == bindparam("group_id")),
    Users.id,
)
_FORGET = delete(KeptMutes).where(KeptMutes.until < bindparam("now"))


async def list_moderated(db: Transaction, group: Group, page: Page) -> list[ModeratedView]:
    """What moderators see beside the same page of the members.

    Raises Forbidden when the reader of the group is only a member.
    """
    require_moderates(group.role)
    rows, _ = page.cut(await db.all(_LIST.of(page), group_id=group.id, **page.values))
    return [
        {
            "id": row.id,
            "last_seen_on": row.last_seen_on and row.last_seen_on.date(),
            "muted_until": still(row.muted_until),
        }
        for row in rows
    ]


async def mute(
    db: Transaction, group: Group, member: Member, until: datetime, *, by: Caller
) -> None:
    """Let a member write nothing until some time, whatever was said before.

    Raises Forbidden when the caller does not outrank her, Invalid unless it is within a year.
    """
    require_moderates(group.role)
    require_outranks(group, member)
    if not now() < until <= now() + MUTE_LASTS_AT_MOST:
        raise Invalid({"until": "It must be later than now, and within a year."})
    if member.muted_until != until:
        await _set(db, group, member, until, by=by)
        await record_group_act(
            db, group.id, "member.muted", by=by, person_id=member.id, until=until
        )


async def unmute(db: Transaction, group: Group, member: Member, *, by: Caller) -> None:
    """Let a member write again. Raises Forbidden when the caller does not outrank her."""
    require_moderates(group.role)
    require_outranks(group, member)
    if still(member.muted_until):
        await _set(db, group, member, None, by=by)
        await record_group_act(db, group.id, "member.unmuted", by=by, person_id=member.id)


async def forget_passed_mutes(db: Transaction) -> None:
    """Forget until when those who have left were muted, once that time has passed."""
    await db.run(_FORGET, now=now())


async def _set(
    db: Transaction, group: Group, member: Member, until: datetime | None, *, by: Caller
) -> None:
    """Keep until when a member is muted, and tell her. Her connections are judged again."""
    await db.run(EDIT_MEMBER, of_group=group.id, of_user=member.id, muted_until=until)
    muted = {"group_id": group.id, "until": until}
    record(db, member.topic, "membership.muted", muted, by=by.id)
    judge_again(db, Rights(users=[member.id], reason="role"))
