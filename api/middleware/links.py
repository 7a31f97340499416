"""Signed links, which work for ten minutes: for pictures on pages elsewhere, and for downloads.

A link carries no right of its own. It says which session made it; what that session may read is
judged when the link is used, and it ends with the session. That of a file also signs in.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import Field
from quart import request

from api.context import caller, services
from api.forms import Id, Query
from model.database.table import CLOCKS_DIFFER_BY
from model.session import find_caller_of_session
from model.user import Caller

F = TypeVar("F", bound=Callable[..., Any])

LASTS_S = 600


class LinkQuery(Query):
    """What a signed link carries instead of a token."""

    session: Id | None = None
    until: int | None = Field(default=None, ge=0)
    signature: str | None = Field(default=None, max_length=64)


def linkable(view: F) -> F:
    """Let a route take signed links; its first argument is the id of the file."""
    view.is_linkable = True  # type: ignore[attr-defined] # read by api/middleware/auth.py
    return view


def signed_query(thing: str) -> tuple[str, datetime]:
    """The query of a signed link to a thing, such as `file 7`, and when it expires."""
    until = int(time.time()) + LASTS_S
    session_id = caller().session_id
    signature = _signature(thing, session_id, until)
    query = urlencode({"session": session_id, "until": until, "signature": signature})
    return query, datetime.fromtimestamp(until, UTC)


def linking_session(thing: str) -> int | None:
    """The id of the session that made the link to a thing with which the caller asks.

    None if there is none, or it is forged, to something else, or expired.
    """
    try:
        session_id, until = int(request.args["session"]), int(request.args["until"])
        given = request.args["signature"].encode()
    except (KeyError, ValueError):
        return None
    is_ours = hmac.compare_digest(_signature(thing, session_id, until).encode(), given)
    left_s = until - time.time()
    if not is_ours or not 0 <= left_s <= LASTS_S + CLOCKS_DIFFER_BY.total_seconds():
        return None
    return session_id


async def caller_by_link() -> Caller | None:
    """Who made the link to a file; None if it is not good, or she has signed out."""
    file_id = (request.view_args or {}).get("file_id", 0)
    if (session_id := linking_session(f"file {file_id}")) is None:
        return None
    async with services().database.read(once=True) as db:
        return await find_caller_of_session(db, session_id)


def _signature(thing: str, session_id: int, until: int) -> str:
    message = f"{thing} session {session_id} until {until}".encode()
    return hmac.new(services().signing_key, message, hashlib.sha256).hexdigest()
