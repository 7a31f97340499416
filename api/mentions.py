"""The posts that name whoever is signed in."""

from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read
from api.forms import PageQuery
from api.middleware.compress import uncompressed
from model.log.cursor import Live, cursors
from model.mention import MentionView, list_mentions

mentions = Blueprint("mentions", __name__)


class MentionList(TypedDict):
    mentions: list[MentionView]
    next: int | None
    live: Live


@mentions.get("/me/mentions")
@uncompressed
@validate_querystring(PageQuery)
@document_response(MentionList)
async def index(query_args: PageQuery) -> MentionList:
    """The posts that name you by `@username`, newest first; `before` and `after` are their ids."""
    async with read() as db:
        found, following = await list_mentions(db, query_args.page, reader=caller())
        live = await cursors(db, f"user:{caller().id}")
    return {"mentions": found, "next": following, "live": live}
