"""Account links: whoever holds one acts once for an account, without its password.

A person has one of each purpose at most: a newer one replaces it. The table keeps the SHA-256 of
its token.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import Base, one_of

LINK_LASTS_AT_MOST = timedelta(days=14)


class Purpose(StrEnum):
    """To set a new password, to claim an account that a roster has made, to confirm an address."""

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
