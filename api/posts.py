"""Posts, their replies and the reactions to them."""

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, Id, PageQuery, PostText
from api.lane import in_lane
from api.middleware.idempotent import idempotent
from api.middleware.location import located
from api.transfer.versions import ListVersion, versioned
from model.channel import find_channel
from model.file import MAX_FILES_A_POST
from model.log.cursor import Live
from model.post import (
    PostView,
    delete_post,
    edit_post,
    find_post,
    list_posts,
    list_replies,
    view_post,
    write_post,
)
from model.reaction import ReactionView, add_reaction, remove_reaction

posts = Blueprint("posts", __name__)


class PostForm(Form):
    """A post, or a reply to the post `parent_id`; the text may be empty when there are files."""

    text: PostText
    parent_id: Id | None = None
    file_ids: list[Id] = Field(default=[], max_length=MAX_FILES_A_POST)


class PostChanges(Form):
    text: PostText


class PostList(TypedDict):
    posts: list[PostView]
    next: int | None
    live: Live


@posts.get("/channels/<id:channel_id>/posts")
@validate_querystring(PageQuery)
@document_response(PostList)
@versioned
@in_lane
async def index(channel_id: int, query_args: PageQuery, version: ListVersion) -> PostList:
    """The posts of a channel without replies, newest first; with `after` oldest first."""
    async with read() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        live = await version.cursors(db, channel.topic, channel.group_topic)
        found, following = await list_posts(db, channel, query_args.page)
    return {"posts": found, "next": following, "live": live}


@posts.post("/channels/<id:channel_id>/posts")
@validate_request(PostForm)
@document_response(PostView, 201)
@located("/api/posts/{id}")
@idempotent
@in_lane
async def create(channel_id: int, data: PostForm) -> tuple[PostView, int]:
    """Write a post, or a reply when `parent_id` is given."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        view = await write_post(
            db,
            channel,
            data.text,
            by=caller(),
            parent_id=data.parent_id,
            file_ids=data.file_ids,
        )
    return view, 201


@posts.get("/posts/<id:post_id>")
@document_response(PostView)
@in_lane
async def show(post_id: int) -> PostView:
    """One post or reply."""
    async with read() as db:
        return await view_post(db, await find_post(db, post_id, reader=caller()))


@posts.patch("/posts/<id:post_id>")
@validate_request(PostChanges)
@document_response(PostView)
async def update(post_id: int, data: PostChanges) -> PostView:
    """Edit your own post; the old text is gone everywhere."""
    async with write() as db:
        post = await find_post(db, post_id, reader=caller())
        return await edit_post(db, post, data.text, by=caller())


@posts.delete("/posts/<id:post_id>")
async def delete(post_id: int) -> tuple[str, int]:
    """Delete your own post, or any as a moderator, with its replies."""
    async with write() as db:
        post = await find_post(db, post_id, reader=caller())
        await delete_post(db, post, by=caller())
    return "", 204


@posts.get("/posts/<id:post_id>/replies")
@validate_querystring(PageQuery)
@document_response(PostList)
@versioned
async def index_replies(post_id: int, query_args: PageQuery, version: ListVersion) -> PostList:
    """The replies to a post, oldest first."""
    async with read() as db:
        post = await find_post(db, post_id, reader=caller())
        live = await version.cursors(db, post.topic, post.channel.group_topic)
        found, following = await list_replies(db, post, query_args.page)
    return {"posts": found, "next": following, "live": live}


@posts.put("/posts/<id:post_id>/reactions/<emoji>")
@document_response(ReactionView)
async def react(post_id: int, emoji: str) -> ReactionView:
    """React with one emoji or symbol; a second time changes nothing."""
    async with write() as db:
        post = await find_post(db, post_id, reader=caller())
        return await add_reaction(db, post, emoji, by=caller())


@posts.delete("/posts/<id:post_id>/reactions/<emoji>")
@document_response(ReactionView)
async def take_back(post_id: int, emoji: str) -> ReactionView:
    """Take your reaction back."""
    async with write() as db:
        post = await find_post(db, post_id, reader=caller())
        return await remove_reaction(db, post, emoji, by=caller())
