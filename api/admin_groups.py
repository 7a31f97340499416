"""The groups of the server, as its administrators see them, who read none of them."""

from typing import Annotated

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.admin_users import SortedQuery
from api.context import caller, read
from api.middleware.compress import uncompressed
from model.admin_group_list import GroupOrder, GroupState, OverseenGroupView, list_overseen_groups

admin_groups = Blueprint("admin_groups", __name__)


class GroupQuery(SortedQuery):
    sort: Annotated[GroupOrder, Field(strict=False)] = GroupOrder.NAME
    state: Annotated[GroupState | None, Field(strict=False)] = None


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
            db,
            query_args.page,
            query_args.sort,
            reader=caller(),
            search=query_args.search,
            state=query_args.state,
        )
    return {"groups": found, "total": total, "next": following}
