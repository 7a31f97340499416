"""Who asks: a bearer token, or else the session cookie. Routes are closed unless `@public`.

What is written is judged in its own transaction (api/context.py). So whoever came with a token
before is let in with a short request without a look into the database.

Tabs of a browser share a cookie: a page says in `Homeroom-User` whom it believes to be.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from quart import Quart, Request, Response, g, request
from quart.wrappers.base import BaseRequestWebsocket

from api.adapters.quart import itself
from api.context import services, signed_in
from api.middleware.cookies import cookie_of, prolong_cookie
from api.middleware.cors import SAFE
from api.middleware.limits import address_of
from api.middleware.links import caller_by_link
from api.middleware.scope import is_enough, not_enough
from model.errors import NotSignedIn, OtherAccount
from model.session import find_caller
from model.user import Caller, Scope

F = TypeVar("F", bound=Callable[..., Any])

MAX_PUBLIC_BODY_BYTES = 16 * 1024
USER_HEADER = "Homeroom-User"
_SHORT_BODY_BYTES = 64 * 1024


def public(view: F) -> F:
    """Open a route to anybody; who asks is not looked up, and sends little."""
    view.is_public = True  # type: ignore[attr-defined] # read by the hook below
    return view


def init(app: Quart) -> None:
    @app.before_request
    async def sign_in() -> None:
        asked, facts = itself(request), itself(g)
        if asked.routing_exception is not None:
            return
        view = app.view_functions[asked.endpoint or ""]
        if getattr(view, "is_linkable", False) and "signature" in asked.args:
            facts.caller, facts.is_by_link = await caller_by_link(), True
        if getattr(view, "is_public", False):
            asked.max_content_length = MAX_PUBLIC_BODY_BYTES
            return
        token = token_of(asked) or ""
        if token and _is_short_write(asked) and (known := services().recent_callers.of(token)):
            facts.caller, facts.is_remembered = known, True
        elif (found := await _found()) is None:
            raise NotSignedIn
        elif "is_by_link" not in facts:
            services().recent_callers.remember(token, found)
        _require_may_ask(asked, facts.caller)

    @app.after_request
    async def prolong(response: Response) -> Response:
        asked = itself(request)
        until = note_use(token_of(asked) or "", response.status_code, asked.remote_addr)
        is_by_cookie = "Authorization" not in asked.headers
        if until and is_by_cookie and "Set-Cookie" not in response.headers:
            prolong_cookie(response, until)  # who has just signed out has another one
        return response


def note_use(token: str, status: int, peer: str | None) -> datetime | None:
    """Let whoever is signed in stay so for longer; the new end, or None if it does not change.

    It is noted from which address somebody comes.

    Whoever was refused, perhaps before anybody judged, is looked up the next time.
    """
    if token and status >= HTTPStatus.BAD_REQUEST:
        services().recent_callers.forget(token)
    elif (who := signed_in()) and "is_by_link" not in itself(g):
        return services().used_sessions.note(who, address_of(peer))
    return None


def _require_may_ask(asked: Request, caller: Caller) -> None:
    if not _is_meant(asked.headers.get(USER_HEADER), caller):
        raise OtherAccount
    if not is_enough(caller, asked.endpoint or "", asked.method):
        raise not_enough()


def may_ask(caller: Caller, user: str | None, endpoint: str, method: str) -> bool:
    """Whether the request names nobody else as its `user`, and comes with enough for the route."""
    return _is_meant(user, caller) and is_enough(caller, endpoint, method)


def _is_meant(user: str | None, caller: Caller) -> bool:
    return user is None or user == str(caller.id)


def _is_short_write(asked: Request) -> bool:
    """Whether a unit of work soon judges who asks: a long body is not let in before that."""
    is_short = (asked.content_length or 0) <= _SHORT_BODY_BYTES
    return asked.method not in SAFE and is_short and "Transfer-Encoding" not in asked.headers


async def visitor() -> Caller | None:
    """Who is signed in, if anybody, for pages that look different then. A token opens none."""
    found = await _found()
    if found is not None and found.scope != Scope.SESSION:
        itself(g).caller = found = None
    return found


async def _found() -> Caller | None:
    """Who comes with the token of the request, or with a signed link."""
    facts = itself(g)
    if "caller" not in facts:
        facts.caller = await _find(token_of(itself(request)))
    caller: Caller | None = facts.caller
    return caller


def token_of(asked: BaseRequestWebsocket) -> str | None:
    """The token of a request. With `Authorization` present the cookie is not looked at."""
    given = asked.headers.get("Authorization")
    return cookie_of(asked) if given is None else bearer_token(given)


def bearer_token(authorization: str) -> str:
    """The token in the value of the header; empty when it is another scheme's."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _find(token: str | None) -> Caller | None:
    if not token:
        return None
    async with services().database.read(once=True) as db:
        return await find_caller(db, token)
