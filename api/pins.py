"""Pinned posts: what moderators keep above a channel."""

from quart import Blueprint
from quart_schema import document_response
from typing_extensions import TypedDict

from api.context import caller, read, write
from model.channel import find_channel
from model.log.cursor import Live, cursors
from model.pin import list_pinned_posts, pin_post, unpin_post
from model.post import PostView, find_post

pins = Blueprint("pins", __name__)


class PinnedPosts(TypedDict):
    """At most 20. `live` tells what is pinned and unpinned, by the ids of posts."""

    posts: list[PostView]
    live: Live


@pins.get("/channels/<id:channel_id>/pins")
@document_response(PinnedPosts)
async def index(channel_id: int) -> PinnedPosts:
    """The pinned posts of a channel: the one pinned last comes first."""
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        posts = await list_pinned_posts(db, channel)
        live = await cursors(db, channel.topic, channel.group_topic)
    return {"posts": posts, "live": live}


@pins.put("/posts/<id:post_id>/pin")
async def pin(post_id: int) -> tuple[str, int]:
    """Pin a post above its channel, as a moderator; a second time changes nothing."""
    async with write() as db:
        await pin_post(db, await find_post(db, post_id, reader=caller()), by=caller())
    return "", 204


@pins.delete("/posts/<id:post_id>/pin")
async def unpin(post_id: int) -> tuple[str, int]:
    """Unpin a post, as a moderator."""
    async with write() as db:
        await unpin_post(db, await find_post(db, post_id, reader=caller()), by=caller())
    return "", 204
