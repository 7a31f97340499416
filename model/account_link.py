"""Account links: whoever holds one acts once for an account, without its password.

A person has one of each purpose at most: a newer one replaces it. The table keeps the SHA-256 of
its token. Whoever makes or uses one has locked the account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_or_update
from sqlalchemy.orm import Mapped, mapped_column

from model.database.row import columns_of, load
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.errors import Invalid
from model.session import new_token, token_digest
from model.user import Caller, User, set_password_hash

LINK_LASTS_AT_MOST = timedelta(days=14)


class Purpose(StrEnum):
    """What a link does: it sets a new password, claims an account, or confirms an address."""

    RESET = "reset"
    CLAIM = "claim"
    EMAIL = "email"


class AccountLinks(Base):
    __tablename__ = "account_links"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    purpose: Mapped[Purpose] = mapped_column(one_of(Purpose, "purpose"), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]  # that it confirms, or was sent to
    made_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    group_id: Mapped[int | None] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), index=True
    )
    """Of the owner who made it: she may only for accounts of this group's roster."""

    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class AccountLink:
    """A link that somebody has come with."""

    user_id: int
    purpose: Purpose
    token_sha256: str
    email: str | None
    made_by_id: int | None
    group_id: int | None
    expires_at: datetime


@dataclass(frozen=True)
class MadeLink:
    """A link that was just made. Its token is never known again."""

    token: str
    expires_at: datetime


_FIND = select(*columns_of(AccountLinks, AccountLink)).where(
    AccountLinks.token_sha256 == bindparam("token_sha256"),
    AccountLinks.expires_at > bindparam("now"),
)
_insert = insert_or_update(AccountLinks)
_MAKE = _insert.on_conflict_do_update(
    index_elements=[AccountLinks.user_id, AccountLinks.purpose],
    set_={
        name: _insert.excluded[name]
        for name in ("token_sha256", "email", "made_by_id", "group_id", "created_at", "expires_at")
    },
)
_TAKE = delete(AccountLinks).where(
    AccountLinks.token_sha256 == bindparam("token_sha256"),
    AccountLinks.expires_at > bindparam("now"),
)
_END = delete(AccountLinks).where(AccountLinks.user_id == bindparam("of_user"))
_END_MADE = delete(AccountLinks).where(
    AccountLinks.made_by_id == bindparam("of_maker"), AccountLinks.group_id.is_(None)
)
_FORGET_EXPIRED = (
    delete(AccountLinks)
    .where(AccountLinks.expires_at < bindparam("now"))
    .execution_options(in_thread=True)
)


def no_such_link() -> Invalid:
    """What is said of every link that does nothing, whatever the reason is."""
    return Invalid(
        {"token": "This link does nothing any more: it has been used, replaced, or is too old."}
    )


async def find_link(db: Transaction, token: str, *purposes: Purpose) -> AccountLink:
    """The link with this token, if it has one of these purposes. Raises Invalid.

    It is not locked, and may have been used before the account is.
    """
    row = await db.first(_FIND, token_sha256=token_digest(token.strip()), now=now())
    if row is None or row.purpose not in purposes:
        raise no_such_link()
    return load(AccountLink, row)


async def make_link(
    db: Transaction,
    user_id: int,
    purpose: Purpose,
    lasts: timedelta,
    *,
    email: str | None = None,
    made_by_id: int | None = None,
    group_id: int | None = None,
) -> MadeLink:
    """A new link, instead of the one of this purpose that the person had."""
    made_at = now()
    link = MadeLink(new_token(), made_at + lasts)
    origin = {"email": email, "made_by_id": made_by_id, "group_id": group_id}
    await db.run(_MAKE, **_kept(link, user_id, purpose, made_at), **origin)
    return link


async def make_claim_links(
    db: Transaction, user_ids: Sequence[int], group_id: int | None, *, by: Caller
) -> list[MadeLink]:
    """A new link for each account of some that were made for others, to claim it within 14 days.

    `group_id` is that of their roster; without one the caller is an administrator.
    """
    made_at = now()
    links = [MadeLink(new_token(), made_at + LINK_LASTS_AT_MOST) for _ in user_ids]
    origin = {"email": None, "made_by_id": by.id, "group_id": group_id}
    rows = [
        {**_kept(link, user_id, Purpose.CLAIM, made_at), **origin}
        for user_id, link in zip(user_ids, links, strict=True)
    ]
    await db.run_for_each(_MAKE, rows)
    return links


def _kept(link: MadeLink, user_id: int, purpose: Purpose, made_at: datetime) -> dict[str, object]:
    """What the table keeps of a link, besides where it comes from."""
    return {
        "user_id": user_id,
        "purpose": purpose,
        "token_sha256": token_digest(link.token),
        "created_at": made_at,
        "expires_at": link.expires_at,
    }


async def take_link(db: Transaction, link: AccountLink) -> None:
    """Use a link up. Raises Invalid when somebody has done so before."""
    if not await db.run(_TAKE, token_sha256=link.token_sha256, now=now()):
        raise no_such_link()


async def set_password(db: Transaction, user: User, password_hash: str) -> None:
    """Give an account a new password. The links of before do nothing any more."""
    await set_password_hash(db, user, password_hash)
    await db.run(_END, of_user=user.id)


async def end_links_made_by(db: Transaction, maker: User) -> None:
    """End what somebody has made as an administrator for others, before she is forgotten.

    Later nothing tells such a link from one of a command, which nobody can take back.
    """
    await db.run(_END_MADE, of_maker=maker.id)


async def forget_expired_links(db: Transaction) -> None:
    await db.run(_FORGET_EXPIRED, now=now())
