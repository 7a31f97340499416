"""Headers that every answer carries, whatever made it."""

from collections.abc import Mapping
from functools import cache

from quart import Quart, Response, request

from api.adapters.quart import itself

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def init(app: Quart) -> None:
    @app.after_request
    async def add(response: Response) -> Response:
        asked, is_page = itself(request), response.mimetype == "text/html"
        is_api, is_tagged = asked.path.startswith("/api"), bool(response.headers.getlist("ETag"))
        response.headers.update(
            usual_headers(asked.scheme, is_api=is_api, is_tagged=is_tagged, is_page=is_page)
        )
        return response


def vary_by(response: Response, name: str) -> None:
    """Add to `Vary`, as `response.vary` does; that parses the header and listens to it."""
    known = ", ".join(response.headers.getlist("Vary")).split(", ")
    response.headers["Vary"] = ", ".join(filter(None, dict.fromkeys((*known, name))))


@cache
def usual_headers(
    scheme: str, *, is_api: bool, is_tagged: bool = False, is_page: bool = False
) -> Mapping[str, str]:
    headers = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
    if scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if is_page:
        headers["Content-Security-Policy"] = POLICY
    if is_page or (is_api and not is_tagged):
        headers["Cache-Control"] = "no-store"
    return headers
