"""Pins: posts that moderators keep above a channel. A pin goes with its post."""

from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from model.act import record_channel_act
from model.channel import Channel, require_active, require_moderator
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import Conflict
from model.log.event import record
from model.post import POST_ROWS, Post, Posts, PostView, post_views
from model.user import Caller

_MAX_PINS_A_CHANNEL = 20


class Pins(Base):
    __tablename__ = "pins"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    pinned_at: Mapped[datetime]


_LIST = (
    POST_ROWS.join(Pins, Pins.post_id == Posts.id)
    .where(Pins.channel_id == bindparam("channel_id"))
    .order_by(Pins.pinned_at.desc(), Pins.post_id.desc())
)
_COUNT = select(func.count()).where(Pins.channel_id == bindparam("channel_id"))
_PIN = insert(Pins).on_conflict_do_nothing().returning(Pins.post_id)
_UNPIN = delete(Pins).where(Pins.post_id == bindparam("of_post"))


async def list_pinned_posts(db: Transaction, channel: Channel) -> list[PostView]:
    """The pinned posts of a channel, of which there are few: the one pinned last comes first."""
    return await post_views(db, await db.all(_LIST, channel_id=channel.id))


async def pin_post(db: Transaction, post: Post, *, by: Caller) -> None:
    """Pin a post above its channel, which is locked; a second time changes nothing.

    Raises Forbidden when the caller is no moderator, or may not write; Conflict for a reply, and
    when the channel has too many.
    """
    _require_pinnable(post)
    if post.parent_id is not None:
        raise Conflict("not_a_post", "A reply cannot be pinned; pin the post itself.")
    pinned_at, channel_id = now(), post.channel_id
    if not await db.scalar(_PIN, post_id=post.id, channel_id=channel_id, pinned_at=pinned_at):
        return
    if await db.scalar_one(_COUNT, channel_id=channel_id) > _MAX_PINS_A_CHANNEL:
        few = f"A channel takes {_MAX_PINS_A_CHANNEL} pinned posts: unpin another one first."
        raise Conflict("too_many_pins", few)
    record(db, post.topic, "post.pinned", {"id": post.id, "pinned_at": pinned_at}, by=by.id)
    await _record_act(db, post, "post.pinned", by=by)


async def unpin_post(db: Transaction, post: Post, *, by: Caller) -> None:
    """Unpin a post, if it is pinned.

    Raises Forbidden when the caller is no moderator, or may not write.
    """
    _require_pinnable(post)
    if await db.run(_UNPIN, of_post=post.id):
        record(db, post.topic, "post.unpinned", {"id": post.id}, by=by.id)
        await _record_act(db, post, "post.unpinned", by=by)


def _require_pinnable(post: Post) -> None:
    require_moderator(post.channel)
    require_active(post.channel)


async def _record_act(db: Transaction, post: Post, kind: str, *, by: Caller) -> None:
    await record_channel_act(
        db, post.channel, kind, by=by, person_id=post.author_id, subject=post.about
    )
