"""Slow mode: in a channel that is in it, each member posts once in so many seconds.

Replies count as well. When somebody has posted is kept apart from her posts: who deletes one does
not get another turn by that.
"""

import math
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from model.channel import Channel
from model.database.table import CLOCKS_DIFFER_BY, Base, now
from model.database.unit_of_work import Transaction
from model.errors import TooMany, in_words
from model.user import Caller

MAX_SECONDS_BETWEEN_POSTS = 3600


class LastPosts(Base):
    """When somebody has last posted in a channel while it was in slow mode."""

    __tablename__ = "last_posts"
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    posted_at: Mapped[datetime] = mapped_column(index=True)


_turn = insert(LastPosts)
_TAKE_TURN = _turn.on_conflict_do_update(
    index_elements=[LastPosts.channel_id, LastPosts.user_id],
    set_={"posted_at": _turn.excluded.posted_at},
    where=or_(
        LastPosts.posted_at <= bindparam("latest"),
        LastPosts.posted_at > bindparam("future"),  # a clock was ahead
    ),
).returning(LastPosts.posted_at)
_LAST = select(LastPosts.posted_at).where(
    LastPosts.channel_id == bindparam("channel_id"), LastPosts.user_id == bindparam("user_id")
)
_FORGET = delete(LastPosts).where(LastPosts.posted_at < bindparam("before"))


async def take_turn(db: Transaction, channel: Channel, *, by: Caller) -> None:
    """Note that the caller posts now. Raises TooMany when it is too soon after the last time.

    Those who moderate are never too soon. The channel is locked since it was found, so that of two
    posts at once one is.
    """
    if not channel.seconds_between_posts or channel.role.moderates:
        return
    at, pause = now(), timedelta(seconds=channel.seconds_between_posts)
    who = {"channel_id": channel.id, "user_id": by.id}
    when = {"posted_at": at, "latest": at - pause, "future": at + CLOCKS_DIFFER_BY}
    if await db.scalar(_TAKE_TURN, **who, **when) is None:
        last = await db.scalar_one(_LAST, **who)
        wait_s = math.ceil((last + pause - at).total_seconds())
        often = f"In this channel you may post once in {in_words(channel.seconds_between_posts)}."
        raise TooMany(often, retry_after_s=max(1, wait_s), code="slow_mode")


async def forget_old_turns(db: Transaction) -> None:
    """Forget who has posted so long ago that no channel makes her wait."""
    await db.run(_FORGET, before=now() - timedelta(seconds=MAX_SECONDS_BETWEEN_POSTS))
