"""Headers that every answer carries, whatever made it."""

from collections.abc import Mapping
from functools import cache

from quart import Quart, Response, request

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
        is_tagged, is_page = "ETag" in response.headers, response.mimetype == "text/html"
        is_api = request.path.startswith("/api")
        response.headers.update(
            usual_headers(request.scheme, is_api=is_api, is_tagged=is_tagged, is_page=is_page)
        )
        return response


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
