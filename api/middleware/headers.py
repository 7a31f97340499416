"""Headers that every answer carries, whatever made it."""

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
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if request.scheme == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if response.mimetype == "text/html":
            headers["Content-Security-Policy"] = POLICY
            headers["Cache-Control"] = "no-store"
        elif request.path.startswith("/api") and "ETag" not in headers:
            headers["Cache-Control"] = "no-store"
        return response
