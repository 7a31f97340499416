"""Who belongs to a group: join codes, roles, leaving. The group's row is locked meanwhile."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.page import Page, pages
from model.database.table import Base, now
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, Invalid, NotFound
from model.group import (
    Group,
    Groups,
    Member,
    Memberships,
    MemberView,
    Role,
    add_member,
    require_owner,
)
from model.log.event import Rights, judge_again, record
from model.user import Caller, User, Users

CODE_LASTS = timedelta(days=30)
CODE_CHARS = 10
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 without I, L, O, U
READ_AS = str.maketrans("ILO", "110", " -")


class JoinCodes(Base):
    """One a group: a new one replaces it."""

    __tablename__ = "join_codes"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    code_sha256: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    max_uses: Mapped[int | None]
    uses: Mapped[int]


class JoinCodeView(TypedDict):
    """The only moment at which the code is shown."""

    join_code: str
    expires_at: datetime
    max_uses: int | None


_members = (
    select(Users.id, Users.name, Users.avatar, Memberships.role, Memberships.joined_at)
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .where(Memberships.group_id == bindparam("group_id"))
)
FIND_MEMBER = finder(_members.where(Users.id == bindparam("user_id")), locks=[Memberships])
LIST_MEMBERS = pages(_members, Users.id)
OWNERS = select(func.count()).where(
    Memberships.group_id == bindparam("group_id"), Memberships.role == Role.OWNER
)
_ONE_MEMBER = (
    Memberships.group_id == bindparam("of_group"),
    Memberships.user_id == bindparam("of_user"),
)
SET_ROLE = update(Memberships).where(*_ONE_MEMBER)
REMOVE_MEMBER = delete(Memberships).where(*_ONE_MEMBER)
DROP_CODE = delete(JoinCodes).where(JoinCodes.group_id == bindparam("of_group"))
FIND_CODE = (
    select(
        Groups.id,
        Groups.name,
        Groups.description,
        Groups.created_at,
        JoinCodes.expires_at,
        JoinCodes.max_uses,
        JoinCodes.uses,
    )
    .join_from(JoinCodes, Groups, Groups.id == JoinCodes.group_id)
    .where(JoinCodes.code_sha256 == bindparam("code_sha256"))
    .with_for_update(of=[Groups, JoinCodes], key_share=True)
)
USE_CODE = (
    update(JoinCodes)
    .where(JoinCodes.group_id == bindparam("of_group"))
    .values(uses=JoinCodes.uses + 1)
)


async def make_join_code(db: Transaction, group: Group, *, max_uses: int | None) -> JoinCodeView:
    """A new code, which replaces the one before."""
    if not group.role.moderates:
        raise Forbidden("not_a_moderator", "Only moderators and owners make join codes.")
    code = "".join(secrets.choice(CROCKFORD) for _ in range(CODE_CHARS))
    expires_at = now() + CODE_LASTS
    await db.run(DROP_CODE, of_group=group.id)
    await db.run(
        insert(JoinCodes),
        group_id=group.id,
        code_sha256=code_digest(code),
        expires_at=expires_at,
        max_uses=max_uses,
        uses=0,
    )
    return {"join_code": code, "expires_at": expires_at, "max_uses": max_uses}


def code_digest(code: str) -> str:
    """Of the code as people may have written it: any case, O for 0, spaces and hyphens."""
    return hashlib.sha256(code.upper().translate(READ_AS).encode()).hexdigest()


async def join_group(db: Transaction, join_code: str, *, by: Caller | User) -> Group:
    row = await db.first(FIND_CODE, code_sha256=code_digest(join_code))
    used_up = row is not None and row.max_uses is not None and row.uses >= row.max_uses
    if row is None or row.expires_at < now() or used_up:
        raise Invalid({"join_code": "There is no such code, or it has expired or been used up."})
    group = Group(row.id, row.name, row.description, row.created_at, Role.MEMBER)
    await db.run(USE_CODE, of_group=group.id)
    await add_member(db, group, by)
    return group


async def list_members(
    db: Transaction, group: Group, page: Page
) -> tuple[list[MemberView], int | None]:
    rows, following = page.cut(
        await db.all(LIST_MEMBERS.of(page), group_id=group.id, **page.values)
    )
    return [Member(*row).view() for row in rows], following


async def find_member(db: Transaction, group: Group, user_id: int) -> Member:
    row = await db.find(FIND_MEMBER, group_id=group.id, user_id=user_id)
    if row is None:
        raise NotFound("member")
    return Member(*row)


async def set_role(
    db: Transaction, group: Group, member: Member, role: Role, *, by: Caller
) -> Member:
    require_owner(group)
    if member.role.owns and not role.owns:
        await require_another_owner(db, group)
    await db.run(SET_ROLE, of_group=group.id, of_user=member.id, role=role)
    changed = replace(member, role=role)
    record(db, group.topic, "member.changed", changed.view(), by=by.id, about=f"user:{member.id}")
    if member.role.moderates and not role.moderates:
        judge_again(db, Rights(users=[member.id], reason="role"))
    return changed


async def remove_member(db: Transaction, group: Group, member: Member, *, by: Caller) -> None:
    """By an owner; by a moderator, unless it is another one; by oneself."""
    if member.id != by.id and not (group.role.owns or group.role.outranks(member.role)):
        raise Forbidden("not_allowed_to_remove", "Only a higher role may remove this member.")
    if member.role.owns:
        await require_another_owner(db, group)
    await db.run(REMOVE_MEMBER, of_group=group.id, of_user=member.id)
    record(db, group.topic, "member.left", {"id": member.id}, by=by.id)
    record(db, f"user:{member.id}", "membership.removed", {"group_id": group.id}, by=by.id)
    judge_again(db, Rights(users=[member.id], reason="removed"))


async def require_another_owner(db: Transaction, group: Group) -> None:
    if await db.scalar(OWNERS, group_id=group.id) < 2:  # noqa: PLR2004 - this one and another
        raise Conflict("last_owner", "A group needs an owner: make somebody else one first.")
