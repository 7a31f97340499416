"""The channels of a group, who belongs to the private ones, and how far one has read."""

from typing import Annotated

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Description, Form, Id, Name, PageQuery
from api.lane import in_lane
from api.middleware.idempotent import idempotent
from api.middleware.location import located
from model.channel import (
    ChannelView,
    Kind,
    create_channel,
    edit_channel,
    find_channel,
    find_channel_to_join,
    list_channel_members,
)
from model.channel_list import ChannelEntry, find_channel_entry, list_channels
from model.channel_member import add_channel_member, remove_channel_member
from model.group import find_group
from model.log.cursor import Live, cursors
from model.read_mark import ReadMarkView, move_read_mark
from model.removal import delete_channel
from model.slow_mode import MAX_SECONDS_BETWEEN_POSTS

channels = Blueprint("channels", __name__)


class ChannelForm(Form):
    """A new channel: an open one, unless `kind` says otherwise."""

    name: Name
    description: Description = ""
    kind: Annotated[Kind, Field(strict=False)] = Kind.OPEN


class ChannelChanges(Form):
    """What changes; to open a private channel takes `publish_history`: the group reads it all.

    With `seconds_between_posts` it is in slow mode: members post once in so many; 0 ends it.
    """

    name: Name = ""
    description: Description = ""
    kind: Annotated[Kind, Field(strict=False)] = Kind.OPEN
    publish_history: bool = False
    seconds_between_posts: Annotated[int, Field(ge=0, le=MAX_SECONDS_BETWEEN_POSTS)] = 0


class ReadMarkForm(Form):
    post_id: Id


class ChannelList(TypedDict):
    channels: list[ChannelEntry]
    next: int | None
    live: Live


class OneChannel(ChannelEntry):
    """A channel. `member_ids` is null when it is not private: it belongs to the whole group."""

    member_ids: list[int] | None
    live: Live


@channels.get("/groups/<id:group_id>/channels")
@validate_querystring(PageQuery)
@document_response(ChannelList)
@in_lane
async def index(group_id: int, query_args: PageQuery) -> ChannelList:
    """The channels that you may read, with what is unread; owners see the names of all."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        found, following = await list_channels(db, group, query_args.page, reader=caller())
        readable = [f"channel:{entry['id']}" for entry in found if entry["readable"]]
        live = await cursors(db, group.topic, f"user:{caller().id}", *readable)
    return {"channels": found, "next": following, "live": live}


@channels.post("/groups/<id:group_id>/channels")
@validate_request(ChannelForm)
@document_response(ChannelView, 201)
@located("/api/channels/{id}")
@idempotent
async def create(group_id: int, data: ChannelForm) -> tuple[ChannelView, int]:
    """Make a channel, as a moderator; you are the first member of a private one."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        channel = await create_channel(
            db, group, data.name, data.description, data.kind, by=caller()
        )
    return channel.view(), 201


@channels.get("/channels/<id:channel_id>")
@document_response(OneChannel)
async def show(channel_id: int) -> OneChannel:
    """A channel that you may read."""
    async with read() as db:
        channel, entry = await find_channel_entry(db, channel_id, reader=caller())
        member_ids = await list_channel_members(db, channel) if channel.is_private else None
        live = await cursors(db, channel.topic)
    return {**entry, "member_ids": member_ids, "live": live}


@channels.patch("/channels/<id:channel_id>")
@validate_request(ChannelChanges)
@document_response(ChannelView)
async def update(channel_id: int, data: ChannelChanges) -> ChannelView:
    """Rename, describe, open, close or slow down a channel, as a moderator."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        changed = await edit_channel(db, channel, by=caller(), **data.given)
    return changed.view()


@channels.delete("/channels/<id:channel_id>")
async def delete(channel_id: int) -> tuple[str, int]:
    """Delete a channel with all that was written there, as a moderator."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        await delete_channel(db, channel, by=caller())
    return "", 204


@channels.put("/channels/<id:channel_id>/members/<id:user_id>")
async def add_member(channel_id: int, user_id: int) -> tuple[str, int]:
    """Let a member of the group into a private channel; owners let themselves in."""
    async with write() as db:
        channel = await find_channel_to_join(db, channel_id, by=caller())
        await add_channel_member(db, channel, user_id, by=caller())
    return "", 204


@channels.delete("/channels/<id:channel_id>/members/<id:user_id>")
async def remove_member(channel_id: int, user_id: int) -> tuple[str, int]:
    """Take somebody out of a private channel, as a moderator; or leave it."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        await remove_channel_member(db, channel, user_id, by=caller())
    return "", 204


@channels.put("/channels/<id:channel_id>/read-mark")
@validate_request(ReadMarkForm)
@document_response(ReadMarkView)
async def update_read_mark(channel_id: int, data: ReadMarkForm) -> ReadMarkView:
    """Say how far you have read; the mark only moves forwards."""
    async with write() as db:
        channel = await find_channel(db, channel_id, reader=caller())
        return await move_read_mark(db, channel, data.post_id, by=caller())
