"""Applications: who waits to be let into a group, and which groups one waits for."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import PageQuery
from model.act import moderation_topic
from model.application import (
    ApplicationView,
    OwnApplicationView,
    accept_application,
    list_applications,
    list_own_applications,
    refuse_application,
    withdraw_application,
)
from model.errors import NotFound
from model.group import MemberView, find_group
from model.log.cursor import Live, cursors

applications = Blueprint("applications", __name__)


class ApplicationList(TypedDict):
    applications: list[ApplicationView]
    next: int | None
    live: Live


class OwnApplicationList(TypedDict):
    applications: list[OwnApplicationView]
    next: int | None
    live: Live


@applications.get("/groups/<id:group_id>/applications")
@validate_querystring(PageQuery)
@document_response(ApplicationList)
async def index(group_id: int, query_args: PageQuery) -> ApplicationList:
    """Who waits to be let into the group, as a moderator."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        found, following = await list_applications(db, group, query_args.page)
        live = await cursors(db, moderation_topic(group.id))
    return {"applications": found, "next": following, "live": live}


@applications.put("/groups/<id:group_id>/applications/<id:user_id>")
@document_response(MemberView, 201)
async def accept(group_id: int, user_id: int) -> tuple[MemberView, int]:
    """Let somebody in who waits for it, as a moderator."""
    async with write() as db:
        return await accept_application(db, group_id, user_id, by=caller()), 201


@applications.delete("/groups/<id:group_id>/applications/<id:user_id>")
async def refuse(group_id: int, user_id: int) -> tuple[str, int]:
    """Let somebody wait no longer, as a moderator."""
    async with write() as db:
        await refuse_application(db, group_id, user_id, by=caller())
    return "", 204


@applications.get("/me/applications")
@validate_querystring(PageQuery)
@document_response(OwnApplicationList)
async def index_own(query_args: PageQuery) -> OwnApplicationList:
    """The groups that you wait to be let into."""
    async with read() as db:
        found, following = await list_own_applications(db, query_args.page, reader=caller())
        live = await cursors(db, f"user:{caller().id}")
    return {"applications": found, "next": following, "live": live}


@applications.delete("/me/applications/<id:group_id>")
async def withdraw(group_id: int) -> tuple[str, int]:
    """Wait for a group no longer."""
    async with write() as db:
        if not await withdraw_application(db, group_id, by=caller()):
            raise NotFound("application")
    return "", 204
