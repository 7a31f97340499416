"""The posts of a channel in pages: each before its replies, up to the id that stood."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from sqlalchemy import bindparam, select

from model.database.json_rows import json_object, json_rows, number
from model.database.unit_of_work import Transaction
from model.exporting.owners_view import OwnersView
from model.post import POST_ROWS, Posts, PostView, post_views

_AT_ONCE, _REPLIES_AT_ONCE = 50, 200
_FEW = 10  # replies that come with their post

_NEXT = (Posts.id > bindparam("after"), Posts.id <= bindparam("last"))
_POSTS = (
    POST_ROWS.where(Posts.channel_id == bindparam("channel_id"), Posts.parent_id.is_(None), *_NEXT)
    .order_by(Posts.id)
    .limit(_AT_ONCE)
)
_parents = select(number(json_rows("parent_ids").c.key))
_FEW_REPLIES = POST_ROWS.where(
    Posts.parent_id.in_(_parents), Posts.id <= bindparam("last")
).order_by(Posts.parent_id, Posts.id)
_REPLIES = (
    POST_ROWS.where(Posts.parent_id == bindparam("of_parent"), *_NEXT)
    .order_by(Posts.id)
    .limit(_REPLIES_AT_ONCE)
)

Replies = dict[int, list[PostView]]


async def posts_of_channel(
    view: OwnersView, channel_id: int, last: int
) -> AsyncIterator[Sequence[PostView]]:
    """The posts of a channel, as far as it may be read meanwhile."""
    after = 0
    while True:
        look = partial(_page, channel_id=channel_id, after=after, last=last)
        found = await view.in_channel(channel_id, look)
        posts, replies = found or ((), {})
        for post in posts:
            after = post["id"]
            yield [post, *replies.get(after, ())]
            if post["reply_count"] > _FEW:
                async for more in _replies(view, channel_id, after, last):
                    yield more
        if len(posts) < _AT_ONCE:
            return


async def _page(
    db: Transaction, *, channel_id: int, after: int, last: int
) -> tuple[list[PostView], Replies]:
    rows = await db.all(_POSTS, channel_id=channel_id, after=after, last=last)
    posts = await post_views(db, rows)
    with_few = [post["id"] for post in posts if 0 < post["reply_count"] <= _FEW]
    found = await db.all(_FEW_REPLIES, parent_ids=json_object(with_few), last=last)
    replies: Replies = {}
    for reply in await post_views(db, found):
        if parent := reply["parent"]:
            replies.setdefault(parent["id"], []).append(reply)
    return posts, replies


async def _replies(
    view: OwnersView, channel_id: int, post_id: int, last: int
) -> AsyncIterator[Sequence[PostView]]:
    after = 0
    while True:
        look = partial(_page_of_replies, post_id=post_id, after=after, last=last)
        replies = await view.in_channel(channel_id, look)
        if not replies:
            return
        yield replies
        after = replies[-1]["id"]


async def _page_of_replies(
    db: Transaction, *, post_id: int, after: int, last: int
) -> list[PostView]:
    return await post_views(db, await db.all(_REPLIES, of_parent=post_id, after=after, last=last))
