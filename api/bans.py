"""Bans: who is kept out of a group, by whatever code she comes."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, PageQuery
from model.act import moderation_topic
from model.banning import BanView, ban, lift_ban, list_bans
from model.group import find_group
from model.log.cursor import Live, cursors

bans = Blueprint("bans", __name__)


class BanForm(Form):
    """`new_code` replaces the group's join code, which whoever is kept out knows."""

    new_code: bool = False


class BanList(TypedDict):
    bans: list[BanView]
    next: int | None
    live: Live


@bans.get("/groups/<id:group_id>/bans")
@validate_querystring(PageQuery)
@document_response(BanList)
async def index(group_id: int, query_args: PageQuery) -> BanList:
    """Who is banned from the group, as a moderator."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        found, following = await list_bans(db, group, query_args.page)
        live = await cursors(db, moderation_topic(group.id))
    return {"bans": found, "next": following, "live": live}


@bans.put("/groups/<id:group_id>/bans/<id:user_id>")
@validate_request(BanForm)
async def create(group_id: int, user_id: int, data: BanForm) -> tuple[str, int]:
    """Keep a member, a former one or an applicant out, as a moderator: she is removed as well."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        await ban(db, group, user_id, by=caller(), new_code=data.new_code)
    return "", 204


@bans.delete("/groups/<id:group_id>/bans/<id:user_id>")
async def delete(group_id: int, user_id: int) -> tuple[str, int]:
    """Let somebody come again who has a code, as a moderator."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        await lift_ban(db, group, user_id, by=caller())
    return "", 204
