"""Who belongs to a group: joining, roles, leaving."""

from typing import Annotated, Literal, NotRequired

from pydantic import AwareDatetime, Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, PageQuery, Token
from api.middleware.idempotent import idempotent
from api.middleware.limits import address, limit
from api.middleware.location import located
from api.transfer.versions import ListVersion, versioned
from model.application import GroupName, name_of
from model.database.page import Page
from model.database.unit_of_work import Transaction
from model.group import (
    Group,
    GroupEntry,
    MemberView,
    Role,
    find_group,
    find_member,
    list_members,
    set_role,
)
from model.join_code import accept_invitation, find_invitation
from model.limit import JOIN_CODE_LIMIT, give_back
from model.log.cursor import Live
from model.mute import ModeratedView, list_moderated, mute, unmute
from model.removal import remove_member

memberships = Blueprint("memberships", __name__)


class JoinForm(Form):
    join_code: Token


class RoleForm(Form):
    role: Annotated[Role, Field(strict=False)]


class MuteForm(Form):
    until: Annotated[AwareDatetime, Field(strict=False)]


class WaitingView(TypedDict):
    """The code takes approval: a moderator of the group lets in, or does not."""

    status: Literal["waiting"]
    group: GroupName


class Beside(TypedDict):
    """What stands beside the list of members for moderators."""

    moderated: NotRequired[list[ModeratedView]]


class MemberList(Beside):
    members: list[MemberView]
    next: int | None
    live: Live


def caller_at_address() -> str:
    return f"{caller().id}@{address()}"


@memberships.post("/memberships")
@validate_request(JoinForm)
@document_response(GroupEntry, 201)
@document_response(WaitingView, 202)
@located("/api/groups/{id}")
@limit(JOIN_CODE_LIMIT, caller_at_address)
@idempotent
async def create(data: JoinForm) -> tuple[GroupEntry | WaitingView, int]:
    """Join the group of a code, or wait to be let in. Wrong codes are counted."""
    async with write() as db:
        invitation = await find_invitation(db, data.join_code)
        joined = await accept_invitation(db, invitation, by=caller())
        await give_back(db, JOIN_CODE_LIMIT, caller_at_address())
    if joined is None:
        return {"status": "waiting", "group": name_of(invitation.group)}, 202
    return joined.entry(), 201


@memberships.get("/groups/<id:group_id>/members")
@validate_querystring(PageQuery)
@document_response(MemberList)
@versioned
async def index(group_id: int, query_args: PageQuery, version: ListVersion) -> MemberList:
    """Who belongs to the group."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        beside = await list_beside(db, group, query_args.page)
        live = await version.cursors(db, group.topic, beside=beside)
        found, following = await list_members(db, group, query_args.page)
    return {"members": found, **beside, "next": following, "live": live}


async def list_beside(db: Transaction, group: Group, page: Page) -> Beside:
    return {"moderated": await list_moderated(db, group, page)} if group.role.moderates else {}


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


@memberships.put("/groups/<id:group_id>/members/<id:user_id>/mute")
@validate_request(MuteForm)
async def silence(group_id: int, user_id: int, data: MuteForm) -> tuple[str, int]:
    """Let a member only read until some time, as a moderator; she keeps what she wrote."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        member = await find_member(db, group, user_id)
        await mute(db, group, member, data.until, by=caller())
    return "", 204


@memberships.delete("/groups/<id:group_id>/members/<id:user_id>/mute")
async def let_speak(group_id: int, user_id: int) -> tuple[str, int]:
    """Let a member write again, as a moderator."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        member = await find_member(db, group, user_id)
        await unmute(db, group, member, by=caller())
    return "", 204
