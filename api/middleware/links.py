"""Links that sign somebody in for a while, for one file: for the pictures of pages elsewhere.

A link carries no right of its own. It says which session made it; what that session may read is
judged when the link is used, and it ends with the session.
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


def signed_query(file_id: int) -> tuple[str, datetime]:
    """The query of a signed link, and when it expires."""
    until = int(time.time()) + LASTS_S
    session_id = caller().session_id
    signature = _signature(file_id, session_id, until)
    query = urlencode({"session": session_id, "until": until, "signature": signature})
    return query, datetime.fromtimestamp(until, UTC)


async def caller_by_link() -> Caller | None:
    """Who made the link; None if it is forged, for another file, expired, or signed out."""
    file_id = (request.view_args or {}).get("file_id", 0)
    try:
        session_id, until = int(request.args["session"]), int(request.args["until"])
    except (KeyError, ValueError):
        return None
    expected = _signature(file_id, session_id, until)
    is_ours = hmac.compare_digest(expected.encode(), request.args["signature"].encode())
    left_s = until - time.time()
    if not is_ours or not 0 <= left_s <= LASTS_S + CLOCKS_DIFFER_BY.total_seconds():
        return None
    async with services().database.read(once=True) as db:
        return await find_caller_of_session(db, session_id)


def _signature(file_id: int, session_id: int, until: int) -> str:
    message = f"file {file_id} session {session_id} until {until}".encode()
    return hmac.new(services().signing_key, message, hashlib.sha256).hexdigest()
