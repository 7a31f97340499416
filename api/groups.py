"""Groups: making, finding, joining and leaving them."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Description, Form, Name, PageQuery
from api.middleware.compress import uncompressed
from api.middleware.idempotent import idempotent
from api.middleware.location import located
from model.archive import change_group
from model.group import GroupEntry, create_group, find_group
from model.group_list import ListedGroup, list_groups
from model.log.cursor import Live, cursors
from model.removal import delete_group

groups = Blueprint("groups", __name__)


class GroupForm(Form):
    name: Name
    description: Description = ""


class GroupChanges(Form):
    name: Name = ""
    description: Description = ""
    archived: bool = False


class GroupList(TypedDict):
    groups: list[ListedGroup]
    next: int | None
    live: Live


@groups.get("/groups")
@uncompressed
@validate_querystring(PageQuery)
@document_response(GroupList)
async def index(query_args: PageQuery) -> GroupList:
    """Your groups, with your role in each and whether there is something to read."""
    async with read() as db:
        found, following = await list_groups(db, query_args.page, reader=caller())
        live = await cursors(db, f"user:{caller().id}")
    return {"groups": found, "next": following, "live": live}


@groups.post("/groups")
@validate_request(GroupForm)
@document_response(GroupEntry, 201)
@located("/api/groups/{id}")
@idempotent
async def create(data: GroupForm) -> tuple[GroupEntry, int]:
    """Make a group; you are its owner."""
    async with write() as db:
        group = await create_group(db, data.name, data.description, by=caller())
    return group.entry(), 201


@groups.get("/groups/<id:group_id>")
@document_response(GroupEntry)
async def show(group_id: int) -> GroupEntry:
    """One of your groups."""
    async with read() as db:
        return (await find_group(db, group_id, reader=caller())).entry()


@groups.patch("/groups/<id:group_id>")
@validate_request(GroupChanges)
@document_response(GroupEntry)
async def update(group_id: int, data: GroupChanges) -> GroupEntry:
    """Rename, describe or archive a group, as an owner: archived, it can only be read."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        changed = await change_group(db, group, by=caller(), **data.given)
    return changed.entry()


@groups.delete("/groups/<id:group_id>")
async def delete(group_id: int) -> tuple[str, int]:
    """Delete a group with all its channels and posts, as an owner."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        await delete_group(db, group, by=caller())
    return "", 204
