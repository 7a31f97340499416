"""Join codes: for 30 days, whoever has the code of a group can become a member of it."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, bindparam, delete, insert, literal, null, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.application import close_application
from model.ban import require_not_banned
from model.database.row import columns_of, load
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.errors import Forbidden, Invalid
from model.group import Group, Groups, Role, add_member
from model.text.typed import clean_short
from model.user import Caller, User

JOIN_CODE_LASTS = timedelta(days=30)
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
    """A code that was just made: it is never shown again."""

    join_code: str
    expires_at: datetime
    max_uses: int | None


_INSERT = insert(JoinCodes)
_DROP = delete(JoinCodes).where(JoinCodes.group_id == bindparam("of_group"))
_FIND = (
    select(
        *columns_of(Groups, Group),
        literal(Role.MEMBER).label("role"),
        null().label("muted_until"),
        JoinCodes.expires_at,
        JoinCodes.max_uses,
        JoinCodes.uses,
    )
    .join_from(JoinCodes, Groups, Groups.id == JoinCodes.group_id)
    .where(JoinCodes.code_sha256 == bindparam("code_sha256"))
    .with_for_update(of=[Groups, JoinCodes], key_share=True)
)
_COUNT_USE = (
    update(JoinCodes)
    .where(JoinCodes.group_id == bindparam("of_group"))
    .values(uses=JoinCodes.uses + 1)
)


async def make_join_code(db: Transaction, group: Group, *, max_uses: int | None) -> JoinCodeView:
    """A new code, which replaces the one before.

    Raises Forbidden when the caller, whose role `group` carries, is only a member.
    """
    if not group.role.moderates:
        raise Forbidden("not_a_moderator", "Only moderators and owners make join codes.")
    code = "".join(secrets.choice(JOIN_CODE_LETTERS) for _ in range(_CODE_CHARS))
    expires_at = now() + JOIN_CODE_LASTS
    await db.run(_DROP, of_group=group.id)
    await db.run(
        _INSERT,
        group_id=group.id,
        code_sha256=code_digest(code),
        code=code,
        expires_at=expires_at,
        max_uses=max_uses,
        uses=0,
    )
    return {"join_code": code, "expires_at": expires_at, "max_uses": max_uses}


def code_digest(code: str) -> str:
    """SHA-256 of a code as people may have written it: any case, O for 0, any marks round it."""
    read = "".join(filter(str.isalnum, clean_short(code).upper()))
    return hashlib.sha256(read.translate(_READ_AS).encode()).hexdigest()


async def find_group_of_code(db: Transaction, join_code: str) -> Group:
    """The group that a code is for, with the role that the code gives.

    Raises Invalid when the code is for no group, has expired or is used up.
    """
    row = await db.first(_FIND, code_sha256=code_digest(join_code))
    used_up = row is not None and row.max_uses is not None and row.uses >= row.max_uses
    if row is None or (row.expires_at and row.expires_at < now()) or used_up:
        raise Invalid({"join_code": "There is no such code, or it has expired or been used up."})
    return load(Group, row)


async def join_group(db: Transaction, group: Group, *, by: Caller | User) -> None:
    """Make the caller a member of the group of a code, which is used once more.

    Raises Conflict for somebody who is a member already, Forbidden for who is banned.
    """
    await require_not_banned(db, group.id, by.id)
    await close_application(db, group.id, by.id)
    await db.run(_COUNT_USE, of_group=group.id)
    await add_member(db, group, by)
