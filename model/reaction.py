"""Reactions to posts: a person can add each emoji once to a post."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ForeignKey, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.channel import Channel, require_active
from model.database.json_rows import json_object, json_rows, number
from model.database.table import Base
from model.database.unit_of_work import Transaction
from model.errors import Conflict, Invalid
from model.group import require_open
from model.log.event import record
from model.text.emoji import one_emoji
from model.text.typed import clean_text
from model.user import Caller

_MAX_EMOJI_A_POST = 50


class Reactions(Base):
    __tablename__ = "reactions"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    emoji: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ReactionView(TypedDict):
    emoji: str
    user_ids: list[int]


class Reactable(Protocol):
    """What reactions need to know of a post."""

    @property
    def id(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def channel(self) -> Channel: ...


_ADD = insert(Reactions).on_conflict_do_nothing().returning(Reactions.post_id)
_REMOVE = delete(Reactions).where(
    Reactions.post_id == bindparam("of_post"),
    Reactions.emoji == bindparam("of_emoji"),
    Reactions.user_id == bindparam("of_user"),
)
_PEOPLE = (
    select(Reactions.user_id)
    .where(Reactions.post_id == bindparam("of_post"), Reactions.emoji == bindparam("of_emoji"))
    .order_by(Reactions.user_id)
)
_COUNT_EMOJI = select(func.count(Reactions.emoji.distinct())).where(
    Reactions.post_id == bindparam("of_post")
)
_wanted = json_rows("post_ids")
_OF_POSTS = (
    select(Reactions.post_id, Reactions.emoji, Reactions.user_id)
    .join_from(_wanted, Reactions, Reactions.post_id == number(_wanted.c.key))
    .order_by(Reactions.post_id, Reactions.emoji, Reactions.user_id)
)


def required_emoji(text: str) -> str:
    """The one spelling of an emoji. Raises Invalid for anything else, and for more than one."""
    if (emoji := one_emoji(text)) is None:
        raise Invalid({"emoji": "This is not one emoji."})
    return emoji


async def list_reactions(db: Transaction, post_ids: Sequence[int]) -> dict[int, list[ReactionView]]:
    """The reactions to each post, in the order of the emoji. Posts without any are left out."""
    found: dict[int, dict[str, list[int]]] = {}
    for row in await db.all(_OF_POSTS, post_ids=json_object(post_ids)):
        found.setdefault(row.post_id, {}).setdefault(row.emoji, []).append(row.user_id)
    return {
        post_id: [{"emoji": emoji, "user_ids": user_ids} for emoji, user_ids in reactions.items()]
        for post_id, reactions in found.items()
    }


async def add_reaction(db: Transaction, post: Reactable, emoji: str, *, by: Caller) -> ReactionView:
    """Add the caller's reaction to a post; who reacts with this emoji now.

    Raises Forbidden when she is muted or the group archived, Invalid for what is no emoji, Conflict
    when the post has too many different ones.
    """
    require_active(post.channel)
    emoji = required_emoji(emoji)
    if await db.scalar(_ADD, post_id=post.id, emoji=emoji, user_id=by.id) is None:
        return await _view(db, post, emoji)
    if await db.scalar_one(_COUNT_EMOJI, of_post=post.id) > _MAX_EMOJI_A_POST:
        raise Conflict("too_many_emoji", f"A post takes {_MAX_EMOJI_A_POST} different emoji.")
    return await _tell(db, "reaction.added", post, emoji, by=by)


async def remove_reaction(
    db: Transaction, post: Reactable, emoji: str, *, by: Caller
) -> ReactionView:
    """Remove the caller's reaction from a post; who reacts with this emoji now.

    Raises Forbidden in an archived group, and Invalid for what is no emoji, unless an earlier
    version took it: several at once.
    """
    require_open(post.channel)
    kept = one_emoji(emoji) or clean_text(emoji)
    if await db.run(_REMOVE, of_post=post.id, of_emoji=kept, of_user=by.id):
        return await _tell(db, "reaction.removed", post, kept, by=by)
    return await _view(db, post, required_emoji(emoji))


async def _tell(
    db: Transaction, kind: str, post: Reactable, emoji: str, *, by: Caller
) -> ReactionView:
    reaction = await _view(db, post, emoji)
    record(db, post.topic, kind, {"id": post.id, **reaction}, by=by.id, about=f"post:{post.id}")
    return reaction


async def _view(db: Transaction, post: Reactable, emoji: str) -> ReactionView:
    rows = await db.all(_PEOPLE, of_post=post.id, of_emoji=emoji)
    return {"emoji": emoji, "user_ids": [row.user_id for row in rows]}
