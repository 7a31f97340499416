"""Which other origins may ask, and that nobody asks with somebody else's cookie (CSRF).

One set of exact origins for HTTP and sockets: our own and HOMEROOM_ORIGINS.
"""

import logging
from functools import lru_cache
from typing import TypeGuard
from urllib.parse import urlsplit

from quart import Quart, Response, request
from quart.wrappers.base import BaseRequestWebsocket

from api.adapters.quart import itself
from api.context import settings
from api.middleware.headers import vary_by
from api.settings import Settings
from model.errors import Forbidden

log = logging.getLogger(__name__)

SAFE = {"GET", "HEAD", "OPTIONS"}
METHODS = "GET, POST, PUT, PATCH, DELETE"
ALLOWED = (
    "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Homeroom-User,"
    " Idempotency-Key, Last-Event-ID, Range, X-Request-Id"
)
EXPOSED = (
    "Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, Retry-After,"
    " X-Request-Id"
)
A_DAY_S = 86_400


def init(app: Quart) -> None:
    @app.before_request
    async def answer_options() -> Response | None:
        """What an address takes: a preflight hears it anywhere, others where there is one."""
        asked = itself(request)
        is_preflight = "Access-Control-Request-Method" in asked.headers
        if asked.method != "OPTIONS" or not (is_preflight or asked.url_rule):
            return None
        response = await app.make_default_options_response()
        response.status_code = 204
        if is_preflight and is_configured(asked.headers.get("Origin")):
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = ALLOWED
            response.headers["Access-Control-Max-Age"] = str(A_DAY_S)
        return response

    @app.before_request
    async def refuse_forged() -> None:
        asked = itself(request)
        if asked.method not in SAFE and "Authorization" not in asked.headers:
            require_own_page()

    @app.after_request
    async def allow(response: Response) -> Response:
        asked = itself(request)
        origin = asked.headers.get("Origin")
        if asked.path.startswith("/static/"):
            response.headers["Access-Control-Allow-Origin"] = "*"
            return response
        vary_by(response, "Origin")
        if is_configured(origin):
            response.headers.update(of_origin(origin))
        elif origin is not None:
            is_allowed(origin, asked)  # or else it is told: a page elsewhere may need it
        return response


def is_configured(origin: str | None, given: Settings | None = None) -> TypeGuard[str]:
    """Whether HOMEROOM_ORIGINS names it: of the application that answers, or of others `given`."""
    return origin is not None and origin.lower() in (given or settings()).origins


def of_origin(origin: str) -> dict[str, str]:
    """What a page of a configured origin has to be told, or it may not read the answer."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": EXPOSED,
    }


def is_allowed(origin: str, asked: BaseRequestWebsocket) -> bool:
    """Whether a page of this origin may act with the cookie that came with it."""
    own = f"{asked.scheme.replace('ws', 'http')}://{asked.host}"
    known = {own.lower(), settings().public_url}
    if origin.lower() in known or is_configured(origin) or _is_own_page(asked):
        return True
    _tell_refused(origin[:200])
    return False


@lru_cache(maxsize=1000)
def _tell_refused(origin: str) -> None:
    """Log it; the cache is there so that it is logged once."""
    log.warning("refused the origin %r: HOMEROOM_ORIGINS does not name it", origin)


def require_own_page() -> None:
    """Raises Forbidden when a cookie comes, or may come, with a page that is not known."""
    origin = request.headers.get("Origin") or _origin_of_referrer()
    if origin is not None:
        trusted = is_allowed(origin, request)
    else:
        trusted = not request.cookies or _is_own_page(request)
    if not trusted:
        raise Forbidden(
            "origin_not_allowed", "This page is not allowed here: its origin is not known."
        )


def _is_own_page(asked: BaseRequestWebsocket) -> bool:
    """What browsers say over https and to this machine, and no page can set (Fetch Metadata).

    It is true behind a proxy that changes `Host`, too. Go's CrossOriginProtection relies on it.
    """
    return asked.headers.get("Sec-Fetch-Site") == "same-origin"


def _origin_of_referrer() -> str | None:
    """The page that a GET comes from, which on plain http no other header tells."""
    if request.method not in SAFE or request.referrer is None:
        return None
    parts = urlsplit(request.referrer)
    return f"{parts.scheme}://{parts.netloc}"
