"""A name for every request, in its answer, its events and its one line in the log."""

import re
import secrets
import time

from quart import Quart, Response, g, request
from werkzeug.routing import Rule

from api.context import request_id, signed_in
from api.logs import RequestLine, write_request_line

GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init(app: Quart) -> None:
    @app.before_request
    async def name_it() -> None:
        name_request(request.headers.get("X-Request-Id", ""))

    @app.after_request
    async def tell(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-Id"] = g.request_id
        log_request(request.method, request.url_rule, response.status_code)
        return response


def name_request(given: str) -> None:
    g.started = time.perf_counter()
    g.request_id = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
    request_id.set(g.request_id)


def log_request(method: str, rule: Rule | None, status: int) -> None:
    who = signed_in()
    write_request_line(
        RequestLine(
            message=f"{method} {rule.rule if rule else '-'}",
            request_id=g.request_id,
            user_id=who.id if who else None,
            status=status,
            ms=round((time.perf_counter() - g.started) * 1e3, 1),
        )
    )
