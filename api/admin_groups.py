"""The groups of the server, as its administrators see them, who read none of them."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.admin_users import SortedQuery
from api.context import caller, read, write
from api.forms import Form, Id
from api.middleware.compress import uncompressed
from model.admin_group import archive_as_admin, delete_as_admin, enter_group, give_owner
from model.admin_group_list import (
    GroupOrder,
    GroupState,
    OverseenGroupView,
    find_overseen_group,
    list_overseen_groups,
)
from model.group import GroupEntry

admin_groups = Blueprint("admin_groups", __name__)


class GroupQuery(SortedQuery):
    sort: GroupOrder = "name"
    state: GroupState | None = None


class ArchiveForm(Form):
    archived: bool


class OwnerForm(Form):
    user_id: Id


class OverseenGroupList(TypedDict):
    """`total` is how many match on all pages; `next` is to be given as `after`."""

    groups: list[OverseenGroupView]
    total: int
    next: int | None


@admin_groups.get("/admin/groups")
@uncompressed
@validate_querystring(GroupQuery)
@document_response(OverseenGroupList)
async def index(query_args: GroupQuery) -> OverseenGroupList:
    """All groups, as an administrator."""
    async with read() as db:
        found, total, following = await list_overseen_groups(
            db, query_args.page, query_args.sort, reader=caller(), **query_args.filters
        )
    return {"groups": found, "total": total, "next": following}


@admin_groups.patch("/admin/groups/<id:group_id>")
@validate_request(ArchiveForm)
@document_response(OverseenGroupView)
async def update(group_id: int, data: ArchiveForm) -> OverseenGroupView:
    """Archive a group or bring it back, as an administrator; its record tells it."""
    async with write() as db:
        await archive_as_admin(db, group_id, archived=data.archived, by=caller())
    async with read() as db:
        return await find_overseen_group(db, group_id, reader=caller())


@admin_groups.delete("/admin/groups/<id:group_id>")
async def delete(group_id: int) -> tuple[str, int]:
    """Delete a group with all its channels and posts, as an administrator."""
    async with write() as db:
        await delete_as_admin(db, group_id, by=caller())
    return "", 204


@admin_groups.put("/admin/groups/<id:group_id>/owner")
@validate_request(OwnerForm)
@document_response(OverseenGroupView)
async def update_owner(group_id: int, data: OwnerForm) -> OverseenGroupView:
    """Give an owner to a group that has none who may sign in; its record tells it."""
    async with write() as db:
        await give_owner(db, group_id, data.user_id, by=caller())
    async with read() as db:
        return await find_overseen_group(db, group_id, reader=caller())


@admin_groups.put("/admin/groups/<id:group_id>/membership")
@document_response(GroupEntry)
async def enter(group_id: int) -> GroupEntry:
    """Become a member of a group, as an administrator; everybody there sees it."""
    async with write() as db:
        group = await enter_group(db, group_id, by=caller())
    return group.entry()
