"""Whatever text we read, twice as much of it is twice the work: none is quadratic.

A text may take seconds that way although it is within its limits.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from pydantic import ValidationError
from quart import Quart, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header, parse_range_header
from werkzeug.sansio.multipart import NeedData

from api.adapters.quart import FormDecoder, HomeroomRequest
from api.app import create_app
from api.live.protocol import NotTheProtocol, parse
from api.live.stream import last_message_id, topics_asked_for
from api.me import PasswordForm, ProfileForm
from api.middleware.auth import token_of
from api.middleware.errors import wants_page, wrong_fields
from api.middleware.proxy import TrustedProxy
from api.posts import PostForm
from api.rosters import RosterForm, RosterRowForm, read_people
from api.search import SearchQuery
from api.sessions import SignInForm
from api.settings import Settings
from api.transfer.preconditions import precondition
from api.transfer.upload import MAX_PARTS, MAX_UNPARSED_BYTES, MEDIA_TYPE, name_of
from api.users import RegistrationForm, UserQuery
from model.document_space import require_key
from model.documents.json_body import encoded, merge_patch, require_levels
from model.errors import Refusal
from model.join_code import code_digest
from model.post import MAX_POST_CHARS
from model.reaction import required_emoji
from model.search import phrases_of
from model.text.csv_table import csv_line
from model.text.mention_syntax import names_in
from model.text.roster_table import read_roster
from model.text.snippet import snippet
from model.text.username_proposal import username_like
from model.text.word import searchable

SHORT, LONGER = 1000, 16  # characters, and how many times as many
MOST_GROWN = 40  # of linear work 16, of quadratic 256; with the root of the length 64
UNNOTICED_S = 0.0002
SAFE = "&=+;,/:%"
TRIES = 5  # on a machine that does other things, too

PIECES = [
    "a", "1", "é", "天", " ", "\n", "\r\n", "\\", "/", "./", "-", "_", "=", "a=b;", 'a="', "🇦",
    "👩‍👩‍👧", '"', '"a" ', '"a",', 'W/"', "'", ",", ", ", "*,", ";", ":", "&", "a&", "topic=a&",
    "%41", "%", "+", "`", "` ", "`a``", "```\n", "~~~\n", "> ", "> - ", "- ", "*", "*a", "**_",
    "~~", "[", "](", "[a](", "(", "<", "<a", "@", "@_", "_@", "@bob ", "@x`", "http://",
    "http://a/(", "a@b.", "&amp;", "{", '{"a":', '{"a":1,', "[1,", "0.", "1e", "\\u0041", "null,",
    "1-2,", "-1,", "a/b,", "a/b;q=1,", "a*0=b;", "a*=utf-8''%41;", "--form\r\n", "\r\n--form",
    "x: y\r\n", "\x00", "\ufb01", "ﷺ", "a\u0301", "\u0301", "\u0315\u0300", "\u0334\u0301",
    "\u0f71\u0f72", "\u0f71\u0f72\u200d", "\uff9e",
]  # fmt: skip
GROWING = ["`", '"', "(", "[", "*", "_", "~", ">", "\u0301", "a"]


def merged(text: str) -> object:
    """A JSON that patches itself, as a document is patched."""
    body = msgspec.json.decode(text)
    require_levels(body)
    return encoded(merge_patch(body, body))


def parts(form: str) -> None:
    """The parts of a form of which a thousand bytes come at a time."""
    decoder, sent = (
        FormDecoder(b"form", MAX_UNPARSED_BYTES, max_parts=MAX_PARTS),
        form.encode(),
    )
    for start in range(0, len(sent), 1000):
        decoder.receive_data(sent[start : start + 1000])
        while not isinstance(decoder.next_event(), NeedData):
            pass


def forwarded(text: str) -> None:
    async def answer(*_: object) -> None:
        pass

    scope = {
        "type": "http",
        "client": ("192.0.2.1", 1),
        "headers": [(b"x-forwarded-for", text.encode())],
    }
    with suppress(StopIteration):
        TrustedProxy(answer, ["0.0.0.0/0"])(scope, None, None).send(None)


PART = "--form\r\nContent-Disposition: form-data"
TEXTS: dict[str, Callable[[str], object]] = {
    "words of a post": searchable,
    "a question": phrases_of,
    "a snippet of what is looked for": lambda text: snippet(text, phrases_of(text[:200])),
    "a snippet of something else": lambda text: snippet(text, phrases_of('"a b" c')),
    "mentions": lambda text: names_in(f"{text} @bob"),
    "a cell of a table": lambda text: csv_line([text]),
    "a table of people": read_roster,
    "a roster": lambda text: read_people(
        RosterForm(rows=[RosterRowForm(name=text, username=text, email=text)])
    ),
    "a table of people with headings": lambda text: read_roster(f"name;email\n{text}"),
    "a username for a name": username_like,
    "an emoji": required_emoji,
    "the key of a document": require_key,
    "a merge patch": merged,
    "a frame of a live connection": parse,
    "the name of a file": lambda text: name_of(text, {}),
    "the media type of a file": lambda text: MEDIA_TYPE.fullmatch(parse_options_header(text)[0]),
    "a head of a part": lambda text: parts(f"{PART}; name={text}\r\n\r\nx\r\n--form--"),
    "the heads of a part": lambda text: parts(f"{PART}; name=file\r\n{text}\r\n\r\nx\r\n--form--"),
    "the bytes of a part": lambda text: parts(f"{PART}; name=file\r\n\r\n{text}"),
    "what stands before the parts": parts,
    "the addresses of proxies": forwarded,
    "a post": lambda text: PostForm(text=text[:MAX_POST_CHARS], file_ids=[1]),
    "a name and an e-mail": lambda text: ProfileForm(name=text, email=text),
    "a new account": lambda text: RegistrationForm(
        username=text, name=text, password=text, email=text, join_code=text
    ),
    "a join code": code_digest,
    "a password": lambda text: PasswordForm(old=text, new=text),
    "a sign-in": lambda text: SignInForm(username=text, password=text),
    "the query of a search": lambda text: SearchQuery(q=text),
    "the query of a list": lambda text: UserQuery(search=text, limit=text, before=text),
    "a form with unknown fields": lambda text: PostForm.model_validate(dict.fromkeys(text.split())),
}
HEADERS: dict[str, Callable[[], object]] = {
    "If-Match": precondition,
    "If-None-Match": precondition,
    "Range": lambda: parse_range_header(request.headers["Range"]),
    "If-Range": lambda: request.if_range,
    "Accept": wants_page,
    "Cookie": lambda: request.cookies,
    "Authorization": lambda: token_of(request),
    "Last-Event-ID": last_message_id,
    "Content-Type": lambda: (request.mimetype, request.is_json),
    "Host": lambda: request.host,
}


def texts() -> Iterator[tuple[str, str, str]]:
    """What is repeated, and a short and a long text of it."""
    for piece in PIECES:
        yield piece, (piece * SHORT)[:SHORT], (piece * SHORT * LONGER)[: SHORT * LONGER]
    for piece in GROWING:
        runs = (piece * length + " " for length in count(1))
        text = ""
        while len(text) < SHORT * LONGER:
            text += next(runs)
        yield f"{piece} {piece * 2} {piece * 3} …", text[:SHORT], text[: SHORT * LONGER]


def work_s(read: Callable[[], object]) -> float:
    """The time of this thread's processor that it takes to read something, or to refuse it."""
    began = time.thread_time()
    try:
        read()
    except ValidationError as error:
        wrong_fields(error)
    except (
        Refusal,
        NotTheProtocol,
        HTTPException,
        ValueError,
        RecursionError,
        msgspec.MsgspecError,
    ):
        pass
    return time.thread_time() - began


def grown(short: Callable[[], object], long: Callable[[], object]) -> float:
    """How many times the work of the short text the long one takes, in the best of a few tries."""
    shortest, longest = work_s(short), work_s(long)
    for _ in range(TRIES):
        if longest <= MOST_GROWN * max(shortest, UNNOTICED_S):
            break
        shortest, longest = min(shortest, work_s(short)), min(longest, work_s(long))
    return longest / max(shortest, UNNOTICED_S)


def too_much(growth: dict[str, float]) -> dict[str, float]:
    return {piece: round(factor) for piece, factor in growth.items() if factor > MOST_GROWN}


@pytest.mark.parametrize("what", TEXTS)
def test_the_work_for_a_text_grows_with_its_length(what: str) -> None:
    read = TEXTS[what]
    growth = {piece: grown(*(partial(read, text) for text in both)) for piece, *both in texts()}
    assert too_much(growth) == {}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Quart:
    return create_app(Settings(instance=tmp_path_factory.mktemp("instance")))


async def asked(app: Quart, query: str = "", **headers: str) -> Context:
    """Where this is the request that is answered."""
    scope: Any = {}
    given = ("GET", "http", "/api/live", query.encode(), Headers(headers), "", "1.1", scope)
    request = HomeroomRequest(*given, send_push_promise=no_push)
    async with app.request_context(request):
        return copy_context()


async def no_push(*_: object) -> None:
    pass


@pytest.mark.parametrize("header", HEADERS)
async def test_the_work_for_a_header_grows_with_its_length(app: Quart, header: str) -> None:
    growth = {}
    for piece, *both in texts():
        if not set("\r\n\0") & set(piece):
            sent = [await asked(app, **{header: text.encode().decode("latin-1")}) for text in both]
            growth[piece] = grown(*(partial(where.run, HEADERS[header]) for where in sent))
    assert too_much(growth) == {}


async def test_the_work_for_a_query_grows_with_its_length(app: Quart) -> None:
    growth = {}
    for piece, *both in texts():
        sent = [await asked(app, f"topic={quote(text, safe=SAFE)}") for text in both]
        growth[piece] = grown(*(partial(where.run, topics_asked_for) for where in sent))
    assert too_much(growth) == {}


def test_the_work_for_a_path_grows_with_its_length(app: Quart) -> None:
    routes = app.url_map.bind("localhost")
    growth = {
        piece: grown(*(partial(routes.match, f"/api/me/documents/{text}") for text in both))
        for piece, *both in texts()
    }
    assert too_much(growth) == {}
