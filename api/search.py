"""Finding posts again."""

from typing import Annotated

from pydantic import Field, StringConstraints
from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read
from api.forms import Id, Printable, Query
from model.page import DEFAULT_LIMIT, MAX_LIMIT, Page
from model.search import Result, search_posts

search = Blueprint("search", __name__)


class SearchQuery(Query):
    """Words, the last one also as the beginning of one; "words in quotes" as they stand there."""

    q: Annotated[Printable, StringConstraints(min_length=1, max_length=200)]
    group_id: Id | None = None
    channel_id: Id | None = None
    author_id: Id | None = None
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    before: Id | None = None


class ResultList(TypedDict):
    results: list[Result]
    next: int | None


@search.get("/search")
@validate_querystring(SearchQuery)
@document_response(ResultList)
async def index(query_args: SearchQuery) -> ResultList:
    """Posts and replies with these words, among those one may read: the best first."""
    given = query_args
    async with read() as db:
        found, following = await search_posts(
            db,
            given.q,
            Page(given.limit, given.before),
            reader=caller(),
            group_id=given.group_id or 0,
            channel_id=given.channel_id or 0,
            author_id=given.author_id or 0,
        )
    return {"results": found, "next": following}
