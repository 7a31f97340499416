"""Full-text search over what its reader may read: the statement that finds checks the right.

The words of a post are cut in model/text/word.py and kept in `posts.words`. On SQLite the FTS5
table `post_search` has them, on PostgreSQL the generated column `posts.search`; the migration
"search" makes both. A member whose channels are few, or old, does not wait until all posts with a
common word are looked at: FTS5 has the channel and the author beside the words and passes over the
others by itself, and PostgreSQL takes the bitmap of the words with that of the channels.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    desc,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from typing_extensions import TypedDict

from model.channel import CHANNELS_OF_READER, READABLE_CHANNEL, Channels
from model.database.json_rows import json_object, json_rows
from model.database.page import Page
from model.database.row import AnySelect
from model.database.unit_of_work import READERS, Database, Transaction
from model.errors import Invalid, TooMany, TooSlow
from model.post import POST_ROWS, Posts, PostView, post_views
from model.text.snippet import Phrase, SnippetPart, snippet
from model.text.word import composed, searchable
from model.user import HAS_ACCOUNT, Caller, Users

SQLITE_TABLE, POSTGRESQL_COLUMN, POSTGRESQL_INDEX = "post_search", "search", "ix_posts_search"
_TURN_WITHIN_S, _FOUND_WITHIN_S = 5.0, 3.0
_TOO_SLOW = "search_too_slow", "This takes too long: search for rarer words, or in one channel."
_RANKED = 1000  # the newest matches
_SHORT_CHARS = 200  # shorter posts are not much better for being shorter
_PRECISION = 1_000_000  # of ranks, which are whole numbers
_QUOTED_OR_PLAIN = re.compile(r'"([^"]*)"|([^\s"]+)')
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»"), '"')

Matches = Select[int]
"""Ids of posts."""


class SearchResult(TypedDict):
    post: PostView
    group_id: int
    snippet: list[SnippetPart]


@dataclass(frozen=True)
class Filters:
    """Where to search; in a group or channel that the reader may not read, nothing is found."""

    group_id: int | None = None
    channel_id: int | None = None
    author_id: int | None = None


@dataclass(frozen=True)
class Dialect:
    """How one of the databases is asked; `following` begins with the post `before`."""

    first: AnySelect
    following: AnySelect
    spell: Callable[[Sequence[Phrase]], dict[str, str]]


_asked = bindparam("asked", type_=Text)
_group_id, _channel_id, _author_id = (
    bindparam(name, type_=BigInteger) for name in ("group_id", "channel_id", "author_id")
)
_spaced_words = literal(" ") + Posts.words + " "  # in which a phrase stands as it is spelt
_readable = (
    CHANNELS_OF_READER.with_only_columns(Channels.id, Channels.group_id)
    .where(
        READABLE_CHANNEL,
        or_(_group_id.is_(None), Channels.group_id == _group_id),
        or_(_channel_id.is_(None), Channels.id == _channel_id),
        or_(_author_id.is_(None), exists().where(Users.id == _author_id, HAS_ACCOUNT)),
    )
    .cte("readable")
)


def _in_sqlite() -> Matches:
    fts = table("post_search", column("rowid", Integer), column("post_search", Text))
    channels = func.coalesce(func.group_concat(_readable.c.id, " OR "), "0")
    in_channels = select(" AND channel_id : (" + channels + ")").scalar_subquery()
    by_author = func.coalesce(" AND author_id : " + cast(_author_id, Text), "")
    wanted = _asked + by_author + in_channels
    return select(fts.c.rowid.label("id")).where(fts.c.post_search.bool_op("MATCH")(wanted))


def _in_postgresql() -> Matches:
    """The ids of matching posts, materialised.

    Else PostgreSQL would look at every post to find the newest ones by id. Whether words stand in
    the order asked for is seen in the text: an index of PostgreSQL forgets the places of a word
    after the first 255, and a long text has more of some Chinese letter.
    """
    vector, asked = literal_column("posts.search", TSVECTOR), cast(_asked, TSQUERY)
    channels = func.array(select(_readable.c.id).scalar_subquery(), type_=ARRAY(BigInteger))
    in_order = bindparam("in_order", type_=Text)
    is_missing = func.strpos(_spaced_words, json_rows("in_order").c.key) == 0
    matches = (
        select(Posts.id)
        .where(
            vector.bool_op("@@")(asked),
            or_(in_order == json_object(()), ~exists().where(is_missing)),
            Posts.channel_id == any_(channels),
            or_(_author_id.is_(None), Posts.author_id == _author_id),
        )
        .cte("matches")
        .prefix_with("MATERIALIZED")
    )
    return select(matches.c.id)


def _for_sqlite(phrases: Sequence[Phrase]) -> dict[str, str]:
    """The phrases in FTS5's language. Words are letters and digits, so nothing is an operator."""
    spelt = [f'"{" ".join(p.words)}"{" *" if p.is_prefix else ""}' for p in phrases]
    return {"asked": f"words : ({' AND '.join(spelt)})"}


def _for_postgresql(phrases: Sequence[Phrase]) -> dict[str, str]:
    """All words in PostgreSQL's language, and the phrases of several, which are looked for then."""
    words = [
        " & ".join(f"'{word}'" for word in p.words) + (":*" if p.is_prefix else "") for p in phrases
    ]
    in_order = json_object(p.spelt for p in phrases if len(p.words) > 1)
    return {"asked": " & ".join(words), "in_order": in_order}


def _statements(matches: Matches) -> tuple[AnySelect, AnySelect]:
    newest = matches.order_by(desc("id")).limit(_RANKED).cte("newest")
    found = (
        select(Posts.id, _rank().label("rank"))
        .join_from(newest, Posts, Posts.id == newest.c.id)
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    ordered = select(found).order_by(found.c.rank.desc(), found.c.id.desc())
    seen = bindparam("before", type_=BigInteger)
    rank_of_seen = select(found.c.rank).where(found.c.id == seen).scalar_subquery()
    from_seen = or_(
        found.c.rank < rank_of_seen, and_(found.c.rank == rank_of_seen, found.c.id <= seen)
    )
    first = ordered.limit(bindparam("limit"))
    return _shown(first), _shown(ordered.where(from_seen).limit(bindparam("limit") + 1))


def _rank() -> ColumnElement[int]:
    """How often the phrases stand in the post, for its length.

    The rank depends on nothing but the post, so that both databases agree and other posts change
    nothing.
    """
    spelt = json_rows("spelt").c.key
    length = func.length(_spaced_words, type_=BigInteger)
    left = func.length(func.replace(_spaced_words, spelt, ""), type_=BigInteger)
    times = func.sum((length - left) // func.length(spelt))
    found = select(times).scalar_subquery()
    return found * _PRECISION // (length + _SHORT_CHARS)


def _shown(ordered: Select[int, int]) -> AnySelect:
    page = ordered.cte("page")
    return (
        POST_ROWS.add_columns(_readable.c.group_id)
        .join(page, page.c.id == Posts.id)
        .join(_readable, _readable.c.id == Posts.channel_id)
        .order_by(page.c.rank.desc(), Posts.id.desc())
        .execution_options(in_thread=True)
    )


_SQLITE = Dialect(*_statements(_in_sqlite()), _for_sqlite)
_POSTGRESQL = Dialect(*_statements(_in_postgresql()), _for_postgresql)


class Searches:
    """The searches of a worker: one at a time for each person, and never in its last reader."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free = asyncio.Semaphore(READERS - 1)
        self._own = WeakValueDictionary[int, asyncio.Lock]()

    @asynccontextmanager
    async def read(self, reader: Caller) -> AsyncIterator[Transaction]:
        """A transaction to search in, when it is the reader's turn.

        Raises TooMany when it does not become her turn, and TooSlow when the search has no end.
        """
        own = self._own.setdefault(reader.id, asyncio.Lock())
        try:
            async with asyncio.timeout(_TURN_WITHIN_S) as waiting, own, self._free:
                waiting.reschedule(None)
                async with self._database.read() as db:
                    db.end_within(_FOUND_WITHIN_S)
                    yield db
        except TimeoutError:
            raise TooMany("Too many searches at once.", retry_after_s=1) from None
        except TooSlow:
            raise TooSlow(*_TOO_SLOW) from None


def phrases_of(text: str) -> list[Phrase]:
    """The phrases that are asked for, each once.

    What is written without a space, such as an address, is one phrase.
    """
    cut = [
        (tuple(searchable(quoted or plain).split()), bool(plain))
        for quoted, plain in _QUOTED_OR_PLAIN.findall(composed(text).translate(_QUOTES))
    ]
    asked = [(words, is_plain) for words, is_plain in cut if words]
    phrases = [
        Phrase(words, is_prefix=is_plain and number == len(asked))
        for number, (words, is_plain) in enumerate(asked, start=1)
    ]
    return list(dict.fromkeys(phrases))


async def search_posts(
    db: Transaction, phrases: Sequence[Phrase], filters: Filters, page: Page, *, reader: Caller
) -> tuple[list[SearchResult], int | None]:
    """The posts that have all phrases: best first, equal ones newest first.

    Raises Invalid when the post `before` is not found any more.
    """
    dialect = _SQLITE if db.is_sqlite else _POSTGRESQL
    statement = dialect.first if page.before is None else dialect.following
    values = {
        "user_id": reader.id,
        "spelt": json_object(phrase.spelt for phrase in phrases),
        **dialect.spell(phrases),
        **vars(filters),
    }
    rows = await db.all(statement, **values, **page.values)
    if page.before is not None:
        if not rows or rows[0].id != page.before:
            raise Invalid({"before": "This post is no longer found: search anew."})
        rows = rows[1:]
    shown, following = page.cut(rows)
    snippets = await asyncio.to_thread(lambda: [snippet(row.text, phrases) for row in shown])
    results: list[SearchResult] = [
        {"post": post, "group_id": row.group_id, "snippet": cut}
        for row, post, cut in zip(shown, await post_views(db, shown), snippets, strict=True)
    ]
    return results, following
