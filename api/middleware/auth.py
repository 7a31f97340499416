"""Who asks: a bearer token, or else the session cookie. Routes are closed unless `@public`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from quart import Quart, Response, current_app, g, request
from quart.wrappers.base import BaseRequestWebsocket

from api.context import services
from api.middleware.cors import is_configured
from api.middleware.links import caller_by_link
from model.errors import NotSignedIn
from model.session import find_caller
from model.user import Caller

F = TypeVar("F", bound=Callable[..., Any])

ON_HTTP = "homeroom"
ON_HTTPS = "__Host-homeroom"
EMBEDDED = "__Host-homeroom-embedded"  # for a configured page on another site


def public(view: F) -> F:
    """Open a route to anybody; who asks is not looked up."""
    view.is_public = True  # type: ignore[attr-defined] # read by the hook below
    return view


def init(app: Quart) -> None:
    @app.before_request
    async def sign_in() -> None:
        if request.routing_exception is not None:
            return
        view = current_app.view_functions[request.endpoint or ""]
        if getattr(view, "is_linkable", False) and "signature" in request.args:
            g.caller = await caller_by_link()
        if not getattr(view, "is_public", False) and await visitor() is None:
            raise NotSignedIn


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


def cookie_of(asked: BaseRequestWebsocket) -> str | None:
    secure = asked.scheme in {"https", "wss"}
    names = (ON_HTTPS, EMBEDDED) if secure else (ON_HTTP,)
    return next((asked.cookies[name] for name in names if name in asked.cookies), None)


def set_cookie(response: Response, token: str, expires_at: datetime) -> None:
    name, attributes = _cookie()
    response.set_cookie(name, token, expires=expires_at, httponly=True, path="/", **attributes)


def delete_cookie(response: Response) -> None:
    name, attributes = _cookie()
    response.set_cookie(name, "", max_age=0, httponly=True, path="/", **attributes)


def _cookie() -> tuple[str, dict[str, Any]]:
    if request.scheme != "https":
        return ON_HTTP, {"samesite": "Lax"}
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    if cross_site and is_configured(request.headers.get("Origin")):
        return EMBEDDED, {"secure": True, "samesite": "None", "partitioned": True}
    return ON_HTTPS, {"secure": True, "samesite": "Lax"}


async def _find(token: str | None) -> Caller | None:
    if not token:
        return None
    async with services().database.read() as db:
        return await find_caller(db, token)
