"""Usernames. One is ASCII, and is found without regard to case, and to how it was typed.

Whoever takes another one, or goes, leaves the one before: for a year it leads to her, or to nobody.
"""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_or_update
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import Conflict
from model.text.typed import clean_short

_USERNAME_STAYS_HERS = timedelta(days=365)
_MAX_USERNAME_CHANGES = 2  # in that time


class RetiredUsernames(Base):
    """The usernames of the last year that are nobody's now, unless she took one of them again.

    They lead to her who had them: nobody else takes one. Nobody signs in with one either. Without
    `user_id`, her account was deleted.
    """

    __tablename__ = "retired_usernames"
    username_key: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    retired_at: Mapped[datetime]


_RETIRED = select(RetiredUsernames.user_id).where(
    RetiredUsernames.username_key == bindparam("username_key")
)
_retire = insert_or_update(RetiredUsernames)
_RETIRE = _retire.on_conflict_do_update(
    index_elements=[RetiredUsernames.username_key],
    set_={"user_id": _retire.excluded.user_id, "retired_at": _retire.excluded.retired_at},
)

_COUNT_RETIRED = select(func.count()).where(RetiredUsernames.user_id == bindparam("user_id"))
_FORGET_RETIRED = delete(RetiredUsernames).where(RetiredUsernames.retired_at < bindparam("before"))


def username_key(typed: str) -> str:
    """What a username is found by, however it was typed."""
    return clean_short(typed).lower()


async def require_change(db: Transaction, user_id: int) -> None:
    """Raises Conflict when somebody has changed her username twice within a year."""
    if await db.scalar_one(_COUNT_RETIRED, user_id=user_id) >= _MAX_USERNAME_CHANGES:
        often = "You have changed your username twice within a year. Later you can again."
        raise Conflict("username_changed", often)


async def retire_username(db: Transaction, username: str, *, user_id: int | None) -> None:
    """Keep a username that is given up from others for a year, and have it lead to `user_id`."""
    key = username_key(username)
    await db.run(_RETIRE, username_key=key, user_id=user_id, retired_at=now())


async def require_not_retired(db: Transaction, username: str, *, by_id: int) -> None:
    """Raises Conflict when somebody else had the username within a year."""
    row = await db.first(_RETIRED, username_key=username_key(username))
    if row is not None and row.user_id != by_id:
        raise username_taken()


def username_taken() -> Conflict:
    return Conflict("username_taken", "Somebody has this username, or had it within a year.")


async def forget_retired_usernames(db: Transaction) -> None:
    """Let others have the usernames that nobody has had for a year."""
    await db.run(_FORGET_RETIRED, before=now() - _USERNAME_STAYS_HERS)
