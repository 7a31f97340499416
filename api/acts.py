"""The record of a group: what its owners and moderators did to what is not their own."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read
from api.forms import PageQuery
from model.act import ActView, list_acts, moderation_topic, people_of_acts
from model.group import find_group, require_moderates
from model.log.cursor import Live, cursors
from model.user import NamedPersonView

acts = Blueprint("acts", __name__)


class ActList(TypedDict):
    """`people` are those whom the acts name by their ids, if they still have an account."""

    acts: list[ActView]
    people: list[NamedPersonView]
    next: int | None
    live: Live


@acts.get("/groups/<id:group_id>/acts")
@validate_querystring(PageQuery)
@document_response(ActList)
async def index(group_id: int, query_args: PageQuery) -> ActList:
    """What was done in the group to people and things, newest first, as a moderator."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        require_moderates(group.role)
        found, following = await list_acts(db, query_args.page, group.id)
        people = await people_of_acts(db, found)
        live = await cursors(db, moderation_topic(group.id))
    return {"acts": found, "people": people, "next": following, "live": live}
