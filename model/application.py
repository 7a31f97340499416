"""Applications: whoever has entered a code that takes approval waits to be let into the group."""

from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, delete
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import Base
from model.database.unit_of_work import Transaction


class Applications(Base):
    __tablename__ = "applications"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


_CLOSE = delete(Applications).where(
    Applications.group_id == bindparam("of_group"), Applications.user_id == bindparam("of_user")
)


async def close_application(db: Transaction, group_id: int, user_id: int) -> bool:
    """Delete the application of a user; whether there was one."""
    return await db.run(_CLOSE, of_group=group_id, of_user=user_id) > 0
