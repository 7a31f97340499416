"""How far everybody has read in each channel. A mark only moves forwards."""

from sqlalchemy import ForeignKey, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.channel import Channel
from model.database.table import Base
from model.database.unit_of_work import Transaction
from model.log.event import record
from model.post import Posts
from model.user import Caller


class ReadMarks(Base):
    """The last post that somebody has read in a channel."""

    __tablename__ = "read_marks"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    post_id: Mapped[int]


class ReadMarkView(TypedDict):
    channel_id: int
    post_id: int


_NEWEST_UP_TO = select(func.coalesce(func.max(Posts.id), 0)).where(
    Posts.channel_id == bindparam("channel_id"), Posts.id <= bindparam("post_id")
)
_insert = insert(ReadMarks)
_MOVE = _insert.on_conflict_do_update(
    index_elements=[ReadMarks.user_id, ReadMarks.channel_id],
    set_={"post_id": _insert.excluded.post_id},
    where=ReadMarks.post_id < _insert.excluded.post_id,
).returning(ReadMarks.post_id)
_FIND = select(ReadMarks.post_id).where(
    ReadMarks.user_id == bindparam("user_id"), ReadMarks.channel_id == bindparam("channel_id")
)


async def move_read_mark(
    db: Transaction, channel: Channel, post_id: int, *, by: Caller
) -> ReadMarkView:
    """Move the caller's mark to the newest post up to `post_id`; where it is now.

    It never moves backwards.
    """
    of_caller = {"user_id": by.id, "channel_id": channel.id}
    newest = await db.scalar_one(_NEWEST_UP_TO, channel_id=channel.id, post_id=post_id)
    moved_to = await db.scalar(_MOVE, **of_caller, post_id=newest)
    if moved_to is None:
        return {"channel_id": channel.id, "post_id": await db.scalar_one(_FIND, **of_caller)}
    mark: ReadMarkView = {"channel_id": channel.id, "post_id": moved_to}
    record(db, f"user:{by.id}", "read_mark.moved", mark, by=by.id)
    return mark
