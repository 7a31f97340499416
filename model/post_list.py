"""Posts and replies as lists: each a page of views, with a constant number of statements."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam

from model.attachment import list_files
from model.channel import Channel
from model.database.page import Page, Pages, pages
from model.database.unit_of_work import Transaction
from model.post import SELECT, Post, Posts
from model.post_view import PostView, post_view
from model.reaction import list_reactions

_of_channel = SELECT.where(Posts.channel_id == bindparam("channel_id"), Posts.parent_id.is_(None))
LIST = pages(_of_channel, Posts.id, newest_first=True)
LIST_REPLIES = pages(SELECT.where(Posts.parent_id == bindparam("of_parent")), Posts.id)


async def list_posts(
    db: Transaction, channel: Channel, page: Page
) -> tuple[list[PostView], int | None]:
    """Posts that are no replies: newest first, or oldest first after a given one."""
    return await _list(db, LIST, page, channel_id=channel.id)


async def list_replies(
    db: Transaction, post: Post, page: Page
) -> tuple[list[PostView], int | None]:
    """Oldest first."""
    return await _list(db, LIST_REPLIES, page, of_parent=post.id)


async def views(db: Transaction, rows: Sequence[Any]) -> list[PostView]:
    """Of rows of `SELECT`, in their order, with what belongs to the posts."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    reactions, files = await list_reactions(db, ids), await list_files(db, ids)
    return [post_view(row, reactions.get(row.id, []), files.get(row.id, [])) for row in rows]


async def _list(
    db: Transaction, all_pages: Pages, page: Page, **values: Any
) -> tuple[list[PostView], int | None]:
    rows, following = page.cut(await db.all(all_pages.of(page), **values, **page.values))
    return await views(db, rows), following
