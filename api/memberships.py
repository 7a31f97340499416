"""Who belongs to a group: joining, roles, leaving."""

from typing import Annotated

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, PageQuery, Token
from api.middleware.idempotent import idempotent
from api.middleware.limits import address, limit
from api.middleware.location import located
from api.transfer.versions import ListVersion, versioned
from model.group import (
    GroupEntry,
    MemberView,
    Role,
    find_group,
    find_member,
    list_members,
    set_role,
)
from model.join_code import find_group_of_code, join_group
from model.limit import JOIN_CODE_LIMIT, give_back
from model.log.cursor import Live
from model.removal import remove_member

memberships = Blueprint("memberships", __name__)


class JoinForm(Form):
    join_code: Token


class RoleForm(Form):
    role: Annotated[Role, Field(strict=False)]


class MemberList(TypedDict):
    members: list[MemberView]
    next: int | None
    live: Live


def caller_at_address() -> str:
    return f"{caller().id}@{address()}"


@memberships.post("/memberships")
@validate_request(JoinForm)
@document_response(GroupEntry, 201)
@located("/api/groups/{id}")
@limit(JOIN_CODE_LIMIT, caller_at_address)
@idempotent
async def create(data: JoinForm) -> tuple[GroupEntry, int]:
    """Join the group of a code. Wrong codes are counted."""
    async with write() as db:
        group = await find_group_of_code(db, data.join_code)
        await join_group(db, group, by=caller())
        await give_back(db, JOIN_CODE_LIMIT, caller_at_address())
    return group.entry(), 201


@memberships.get("/groups/<id:group_id>/members")
@validate_querystring(PageQuery)
@document_response(MemberList)
@versioned
async def index(group_id: int, query_args: PageQuery, version: ListVersion) -> MemberList:
    """Who belongs to the group."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        live = await version.cursors(db, group.topic)
        found, following = await list_members(db, group, query_args.page)
    return {"members": found, "next": following, "live": live}


@memberships.put("/groups/<id:group_id>/members/<id:user_id>")
@validate_request(RoleForm)
@document_response(MemberView)
async def update(group_id: int, user_id: int, data: RoleForm) -> MemberView:
    """Give a member another role, as an owner."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        member = await find_member(db, group, user_id)
        changed = await set_role(db, group, member, data.role, by=caller())
    return changed.view()


@memberships.delete("/groups/<id:group_id>/members/<id:user_id>")
async def delete(group_id: int, user_id: int) -> tuple[str, int]:
    """Remove a member, or leave the group."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        member = await find_member(db, group, user_id)
        await remove_member(db, group, member, by=caller())
    return "", 204
