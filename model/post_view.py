"""What others see of a post, from the row of it and what belongs to it."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from model.attachment import FileView
from model.reaction import ReactionView
from model.user import PersonView, author


class ParentView(TypedDict):
    """What a reply says of the post that it belongs to."""

    id: int
    reply_count: int


class PostView(TypedDict):
    id: int
    channel_id: int
    parent: ParentView | None
    author: PersonView | None
    text: str
    created_at: datetime
    edited_at: datetime | None
    reply_count: int
    reactions: list[ReactionView]
    files: list[FileView]


def post_view(row: Any, reactions: list[ReactionView], files: list[FileView]) -> PostView:
    """Of a `Post`, or of a row of its `SELECT`."""
    parent: ParentView | None = None
    if row.parent_id is not None:
        parent = {"id": row.parent_id, "reply_count": row.parent_reply_count}
    return {
        "id": row.id,
        "channel_id": row.channel_id,
        "parent": parent,
        "author": author(row.author_id, row.author_name, row.author_avatar),
        "text": row.text,
        "created_at": row.created_at,
        "edited_at": row.edited_at,
        "reply_count": row.reply_count,
        "reactions": reactions,
        "files": files,
    }
