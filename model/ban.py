"""Bans: who is banned from a group does not come back, by whatever code."""

from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import Base
from model.database.unit_of_work import Transaction
from model.errors import Forbidden


class Bans(Base):
    __tablename__ = "bans"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


_IS_BANNED = select(
    exists().where(Bans.group_id == bindparam("group_id"), Bans.user_id == bindparam("user_id"))
)


async def require_not_banned(db: Transaction, group_id: int, user_id: int) -> None:
    """Raises Forbidden when the user is banned from the group."""
    if await db.scalar_one(_IS_BANNED, group_id=group_id, user_id=user_id):
        raise Forbidden("banned", "You are banned from this group.")
