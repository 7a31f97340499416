"""Join codes: whoever has the code of a group can become a member of it, or apply for that."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Unpack

from sqlalchemy import ForeignKey, bindparam, delete, insert, literal, null, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import record_group_act
from model.application import apply, withdraw_application
from model.ban import require_not_banned
from model.database.row import columns_of, load
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.errors import Invalid, NotFound
from model.group import (
    Group,
    Groups,
    Memberships,
    Role,
    add_member,
    require_moderates,
    require_open,
)
from model.text.typed import clean_short
from model.user import Caller, User

_JOIN_CODE_LASTS = timedelta(days=30)
JOIN_CODE_LASTS_AT_MOST = timedelta(days=365)
_CODE_CHARS = 10
JOIN_CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 without I, L, O, U
_READ_AS = str.maketrans("ILO", "110")


class Admission(StrEnum):
    """Whether whoever has the code is let in at once, or waits until a moderator lets her in."""

    CODE = "code"
    APPROVAL = "approval"


class JoinCodes(Base):
    """A group has one at most: a new one replaces it. It is found by its digest."""

    __tablename__ = "join_codes"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    code_sha256: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str | None]  # not of codes that were made before it was kept
    expires_at: Mapped[datetime | None]
    max_uses: Mapped[int | None]
    uses: Mapped[int]
    admission: Mapped[Admission] = mapped_column(
        one_of(Admission, "admission"), server_default=Admission.CODE
    )


class JoinCodeView(TypedDict):
    """`join_code` is null for a code that was made before codes were kept: a new one is shown."""

    join_code: str | None
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    admission: Admission


class JoinCodeChanges(TypedDict, total=False):
    expires_at: datetime | None
    max_uses: int | None
    admission: Admission


@dataclass(frozen=True)
class Invitation:
    """The group of a code, with the role that it gives, and how it lets people in."""

    group: Group
    admission: Admission


_OF_GROUP = JoinCodes.group_id == bindparam("of_group")
_INSERT = insert(JoinCodes)
_SHOW = select(
    JoinCodes.code, JoinCodes.expires_at, JoinCodes.max_uses, JoinCodes.uses, JoinCodes.admission
).where(_OF_GROUP)
_EDIT = update(JoinCodes).where(_OF_GROUP)
_DROP = delete(JoinCodes).where(_OF_GROUP)
_FIND = (
    select(
        *columns_of(Groups, Group, "group_"),
        literal(Role.MEMBER, Memberships.role.type).label("group_role"),
        null().label("group_muted_until"),
        JoinCodes.admission,
        JoinCodes.expires_at,
        JoinCodes.max_uses,
        JoinCodes.uses,
    )
    .join_from(JoinCodes, Groups, Groups.id == JoinCodes.group_id)
    .where(JoinCodes.code_sha256 == bindparam("code_sha256"))
    .with_for_update(of=[Groups, JoinCodes], key_share=True)
)
_COUNT_USE = _EDIT.values(uses=JoinCodes.uses + 1)


async def find_join_code(db: Transaction, group: Group) -> JoinCodeView:
    """The code of a group.

    Raises Forbidden when the caller, whose role `group` carries, is only a member, and NotFound
    when there is none.
    """
    require_moderates(group.role)
    view = await _find(db, group)
    if view is None:
        raise NotFound("join code")
    return view


async def make_join_code(
    db: Transaction, group: Group, *, by: Caller, **given: Unpack[JoinCodeChanges]
) -> JoinCodeView:
    """A new code, which replaces the one before. It lasts for 30 days, unless something is given.

    Raises Forbidden when the caller is only a member, and in an archived group.
    """
    require_moderates(group.role)
    require_open(group)
    code = _new_code()
    view: JoinCodeView = {
        "join_code": code,
        "expires_at": given.get("expires_at", now() + _JOIN_CODE_LASTS),
        "max_uses": given.get("max_uses"),
        "uses": 0,
        "admission": given.get("admission", Admission.CODE),
    }
    await db.run(_DROP, of_group=group.id)
    await db.run(
        _INSERT,
        group_id=group.id,
        code_sha256=code_digest(code),
        code=code,
        expires_at=view["expires_at"],
        max_uses=view["max_uses"],
        uses=view["uses"],
        admission=view["admission"],
    )
    await _record(db, group, "code.made", view, by=by)
    return view


async def change_join_code(
    db: Transaction, group: Group, *, by: Caller, **changes: Unpack[JoinCodeChanges]
) -> JoinCodeView:
    """The code with other rules.

    Raises Forbidden when the caller is only a member, and in an archived group; NotFound when the
    group has no code.
    """
    view = await find_join_code(db, group)
    require_open(group)
    changed: JoinCodeView = {**view, **changes}
    if changed != view:
        await db.run(_EDIT, of_group=group.id, **changes)
        await _record(db, group, "code.changed", changed, by=by)
    return changed


async def withdraw_join_code(db: Transaction, group: Group, *, by: Caller) -> None:
    """Take the code away: nobody comes by it any more.

    Raises Forbidden when the caller is only a member, and NotFound when the group has no code.
    """
    require_moderates(group.role)
    if not await db.run(_DROP, of_group=group.id):
        raise NotFound("join code")
    await record_group_act(db, group.id, "code.withdrawn", by=by)


async def _record(
    db: Transaction, group: Group, kind: str, view: JoinCodeView, *, by: Caller
) -> None:
    """Write down the rules of the code, never the code itself."""
    await record_group_act(
        db,
        group.id,
        kind,
        by=by,
        expires_at=view["expires_at"],
        max_uses=view["max_uses"],
        admission=view["admission"],
    )


def is_used_up(code: JoinCodeView) -> bool:
    """Whether nobody gets in by it any more, because of its uses or its time."""
    return _is_used_up(code["expires_at"], code["max_uses"], code["uses"])


def _is_used_up(expires_at: datetime | None, max_uses: int | None, uses: int) -> bool:
    has_expired = expires_at is not None and expires_at < now()
    return has_expired or (max_uses is not None and uses >= max_uses)


def code_digest(code: str) -> str:
    """SHA-256 of a code as people may have written it: any case, O for 0, any marks round it."""
    read = "".join(filter(str.isalnum, clean_short(code).upper()))
    return hashlib.sha256(read.translate(_READ_AS).encode()).hexdigest()


async def find_invitation(db: Transaction, join_code: str) -> Invitation:
    """What a code invites to: its group, with the role that it gives.

    Raises Invalid when the code is for no group, has expired or is used up.
    """
    row = await db.first(_FIND, code_sha256=code_digest(join_code))
    if row is None or _is_used_up(row.expires_at, row.max_uses, row.uses):
        raise Invalid({"join_code": "There is no such code, or it has expired or been used up."})
    return load(Invitation, row)


async def accept_invitation(
    db: Transaction, invitation: Invitation, *, by: Caller | User
) -> Group | None:
    """The group, of which the caller is a member now; None when she waits to be let in.

    Both use the code once more. Raises Conflict for somebody who is a member already, Forbidden
    for who is banned, and when the group is archived.
    """
    group = invitation.group
    require_open(group)
    await require_not_banned(db, group.id, by.id)
    if invitation.admission == Admission.APPROVAL:
        if await apply(db, group, by=by):
            await db.run(_COUNT_USE, of_group=group.id)
        return None
    await withdraw_application(db, group.id, by=by)
    await db.run(_COUNT_USE, of_group=group.id)
    member = await add_member(db, group, by)
    return replace(group, muted_until=member.muted_until)


async def renew_join_code(db: Transaction, group: Group, *, by: Caller) -> None:
    """Another code with the same rules, if the group has one: whoever knows that is kept out."""
    view = await _find(db, group)
    if view is None:
        return
    code = _new_code()
    digest = code_digest(code)
    await db.run(_EDIT, of_group=group.id, code=code, code_sha256=digest, uses=0)
    await _record(db, group, "code.made", view, by=by)


async def _find(db: Transaction, group: Group) -> JoinCodeView | None:
    row = await db.first(_SHOW, of_group=group.id)
    if row is None:
        return None
    return {
        "join_code": row.code,
        "expires_at": row.expires_at,
        "max_uses": row.max_uses,
        "uses": row.uses,
        "admission": row.admission,
    }


def _new_code() -> str:
    return "".join(secrets.choice(JOIN_CODE_LETTERS) for _ in range(_CODE_CHARS))
