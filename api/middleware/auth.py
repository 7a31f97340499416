"""Who asks: a bearer token, or else the session cookie. Routes are closed unless `@public`.

What is written is judged in its own transaction (api/context.py). So whoever came with a token
before is let in with a short request without a look into the database.

Tabs of a browser share a cookie: a page says in `Homeroom-User` whom it believes to be.
"""

from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from quart import Quart, Response, current_app, g, request
from quart.wrappers.base import BaseRequestWebsocket

from api.context import caller, services, signed_in
from api.middleware.cookies import cookie_of, prolong_cookie
from api.middleware.cors import SAFE
from api.middleware.links import caller_by_link
from api.middleware.token_bucket import REMEMBERED
from model.errors import NotSignedIn, OtherAccount
from model.session import find_caller, token_digest
from model.user import Caller

F = TypeVar("F", bound=Callable[..., Any])

MAX_PUBLIC_BODY_BYTES = 16 * 1024
USER_HEADER = "Homeroom-User"
_SHORT_BODY_BYTES = 64 * 1024


class RecentCallers:
    """Who came with a token lately. The session may have ended since: this lets in, not more."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, Caller] = OrderedDict()

    def of(self, token: str) -> Caller | None:
        return self._callers.get(token_digest(token))

    def remember(self, token: str, caller: Caller) -> None:
        self._callers[token_digest(token)] = caller
        if len(self._callers) > REMEMBERED:
            self._callers.popitem(last=False)

    def forget(self, token: str) -> None:
        self._callers.pop(token_digest(token), None)


def public(view: F) -> F:
    """Open a route to anybody; who asks is not looked up, and sends little."""
    view.is_public = True  # type: ignore[attr-defined] # read by the hook below
    return view


def init(app: Quart) -> None:
    recent = RecentCallers()

    @app.before_request
    async def sign_in() -> None:
        if request.routing_exception is not None:
            return
        view = current_app.view_functions[request.endpoint or ""]
        if getattr(view, "is_linkable", False) and "signature" in request.args:
            g.caller, g.is_by_link = await caller_by_link(), True
        if getattr(view, "is_public", False):
            request.max_content_length = MAX_PUBLIC_BODY_BYTES
            return
        token = token_of(request) or ""
        if _is_short_write() and (known := recent.of(token)):
            g.caller, g.is_remembered = known, True
        elif (found := await visitor()) is None:
            raise NotSignedIn
        elif "is_by_link" not in g:
            recent.remember(token, found)
        _require_meant(g.caller)

    @app.after_request
    async def forget(response: Response) -> Response:
        """Whoever was refused, perhaps before anybody judged, is looked up the next time."""
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            recent.forget(token_of(request) or "")
        return response

    app.after_request(prolong)


async def prolong(response: Response) -> Response:
    """Let whoever is signed in stay so for longer; who has just signed in or out has a cookie."""
    is_refused = response.status_code >= HTTPStatus.BAD_REQUEST
    if is_refused or "Set-Cookie" in response.headers or "is_by_link" in g or not signed_in():
        return response
    until = services().used_sessions.note(caller())
    if until is not None and "Authorization" not in request.headers:
        prolong_cookie(response, until)
    return response


def _require_meant(caller: Caller) -> None:
    """Raises OtherAccount when the request says that somebody else asks."""
    if request.headers.get(USER_HEADER, str(caller.id)) != str(caller.id):
        raise OtherAccount


def _is_short_write() -> bool:
    """Whether a unit of work soon judges who asks: a long body is not let in before that."""
    is_short = (request.content_length or 0) <= _SHORT_BODY_BYTES
    return request.method not in SAFE and is_short and "Transfer-Encoding" not in request.headers


async def visitor() -> Caller | None:
    """Who is signed in, if anybody, for pages that look different then."""
    if "caller" not in g:
        g.caller = await _find(token_of(request))
    caller: Caller | None = g.caller
    return caller


def token_of(asked: BaseRequestWebsocket) -> str | None:
    """The token of a request. With `Authorization` present the cookie is not looked at."""
    if (given := asked.headers.get("Authorization")) is not None:
        scheme, _, token = given.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    return cookie_of(asked)


async def _find(token: str | None) -> Caller | None:
    if not token:
        return None
    async with services().database.read() as db:
        return await find_caller(db, token)
