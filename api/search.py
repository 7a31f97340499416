"""Search over everything that you may read."""

from typing import Annotated

from pydantic import AfterValidator, Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, services
from api.forms import TEXT, Id, Query
from api.middleware.compress import uncompressed
from model.database.page import DEFAULT_LIMIT, MAX_LIMIT, Page
from model.search import Filters, SearchResult, phrases_of, search_posts

MAX_CHARS, MAX_PHRASES, MAX_WORDS = 200, 16, 40

search = Blueprint("search", __name__)


def _with_words(text: str) -> str:
    if not (phrases := phrases_of(text)):
        raise ValueError("It has no word.")
    if len(phrases) > MAX_PHRASES:
        raise ValueError(f"It has more than {MAX_PHRASES} words, or phrases in quotes.")
    if sum(len(phrase.words) for phrase in phrases) > MAX_WORDS:
        raise ValueError(f"It has phrases of more than {MAX_WORDS} words together.")
    return text


class SearchQuery(Query):
    """A question. `before` is the `next` of the page before, with the same words."""

    q: Annotated[str, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_with_words), TEXT]
    group_id: Id | None = None
    channel_id: Id | None = None
    author_id: Id | None = None
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    before: Id | None = None

    @property
    def filters(self) -> Filters:
        return Filters(self.group_id, self.channel_id, self.author_id)

    @property
    def page(self) -> Page:
        return Page(self.limit, self.before)


class SearchResults(TypedDict):
    results: list[SearchResult]
    next: int | None


@search.get("/search")
@uncompressed
@validate_querystring(SearchQuery)
@document_response(SearchResults)
async def index(query_args: SearchQuery) -> SearchResults:
    """Posts and replies with all words of `q`, the best first, of equal ones the newest.

    Words in "quotes" stand in that order; the last word may be the beginning of one, unless it is
    in quotes. Case, diacritics and strokes do not matter. The newest 1,000 matches are ranked.
    Everybody searches once at a time; what takes some seconds is 503 `search_too_slow`.
    """
    asked = phrases_of(query_args.q)
    async with services().searches.read(caller()) as db:
        found, following = await search_posts(
            db, asked, query_args.filters, query_args.page, reader=caller()
        )
    return {"results": found, "next": following}
