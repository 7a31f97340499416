"""Finding posts by their words: among those that the reader may read, judged in the same SELECT."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import REGCONFIG
from typing_extensions import TypedDict

from model.channel import READABLE, Channels
from model.db import MAX_ID, Transaction
from model.errors import Invalid
from model.group import Memberships
from model.page import Page
from model.post import SELECT, Posts, PostView
from model.post_list import views
from model.snippet import Part, snippet
from model.user import Caller
from model.words import phrases_of

NEWEST = 1000  # so many matches are ranked, however many there are
BY_LENGTH = 1  # of ts_rank: a short text is more about its words than a long one, as in bm25


class Result(TypedDict):
    """A post or reply, and where it matches."""

    post: PostView
    group_id: int
    snippet: list[Part]


_before, _group, _channel, _author = (
    bindparam(name, type_=BigInteger) for name in ("before", "group_id", "channel_id", "author_id")
)
_readable = (
    select(Channels.id)
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .where(
        Memberships.user_id == bindparam("reader_id"),
        READABLE,
        or_(_group == 0, Channels.group_id == _group),
        or_(_channel == 0, Channels.id == _channel),
    )
)
_may_read = (
    Posts.channel_id.in_(_readable),
    or_(_author == 0, Posts.author_id == _author),
)


def _found_in_sqlite() -> Select[Any]:
    """The index has the channels too, so that a small one is not sought among all posts."""
    words = table("post_words", column("rowid"))
    index = literal_column("post_words", Text)
    ids = _readable.subquery()
    channels = select(func.coalesce(func.group_concat(cast(ids.c.id, Text), " OR "), "0"))
    wanted = bindparam("words", type_=Text) + " AND channel_id:(" + channels.scalar_subquery() + ")"
    rank = func.bm25(index, 1, 0)
    return (
        select(Posts.id, rank.label("rank"))
        .join_from(words, Posts, Posts.id == words.c.rowid)
        .where(index.op("MATCH")(wanted), *_may_read)
        .order_by(words.c.rowid.desc())
    )


def _found_in_postgresql() -> Select[Any]:
    words: ColumnElement[Any] = literal_column("posts.words")
    wanted = func.to_tsquery(cast("simple", REGCONFIG), bindparam("words", type_=Text))
    return (
        select(Posts.id, (-func.ts_rank(words, wanted, BY_LENGTH)).label("rank"))
        .where(words.op("@@")(wanted), *_may_read)
        .order_by(Posts.id.desc())
    )


def _page_of(found: Select[Any]) -> Select[Any]:
    """The best first, equal ones newest first, from behind the post `before`."""
    newest = found.limit(NEWEST).subquery("newest")
    order = (newest.c.rank, newest.c.id.desc())
    ranked = select(newest.c.id, func.row_number().over(order_by=order).label("place")).cte()
    before = select(ranked.c.place).where(ranked.c.id == _before).scalar_subquery()
    behind = case((_before == 0, 0), else_=func.coalesce(before, MAX_ID))
    return (
        SELECT.add_columns(Channels.group_id)
        .join(ranked, ranked.c.id == Posts.id)
        .join(Channels, Channels.id == Posts.channel_id)
        .where(ranked.c.place > behind)
        .order_by(ranked.c.place)
        .limit(bindparam("limit"))
    )


IN_SQLITE, IN_POSTGRESQL = _page_of(_found_in_sqlite()), _page_of(_found_in_postgresql())


async def search_posts(
    db: Transaction,
    query: str,
    page: Page,
    *,
    reader: Caller,
    group_id: int = 0,
    channel_id: int = 0,
    author_id: int = 0,
) -> tuple[list[Result], int | None]:
    """The best of the newest matches; 0 filters nothing. Raises Invalid for a query of no word."""
    phrases = phrases_of(query)
    if not phrases:
        raise Invalid({"q": "It has no word."})
    if db.connection.dialect.name == "sqlite":
        statement = IN_SQLITE
        words = f"text:({' AND '.join(phrase.for_sqlite for phrase in phrases)})"
    else:
        statement = IN_POSTGRESQL
        words = " & ".join(f"({phrase.for_postgresql})" for phrase in phrases)
    filters = {"group_id": group_id, "channel_id": channel_id, "author_id": author_id}
    values = {"limit": page.limit + 1, "before": page.before or 0, "reader_id": reader.id}
    rows, following = page.cut(await db.all(statement, words=words, **filters, **values))
    return [
        {"post": view, "group_id": row.group_id, "snippet": snippet(view["text"], phrases)}
        for view, row in zip(await views(db, rows), rows, strict=True)
    ], following
