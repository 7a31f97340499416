"""A name for every request, in its answer, its events and its one line in the log."""

import re
import time

from msgspec import UNSET
from quart import Quart, Response, g, request
from werkzeug.routing import Rule

from api.adapters.quart import itself
from api.context import meter, signed_in, tracer
from api.logs import RequestLine, request_id, write_request_line

GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")


def init(app: Quart) -> None:
    @app.before_request
    async def name_it() -> None:
        given = itself(request).headers
        name_request(given.get("X-Request-Id"), given.get("traceparent"))

    @app.after_request
    async def tell(response: Response) -> Response:
        asked, facts = itself(request), itself(g)
        if "request_id" not in facts:
            return response
        response.headers.add("X-Request-Id", facts.request_id)
        log_request(asked.method, asked.url_rule, response.status_code)
        return response


def name_request(given: str | None, traceparent: str | None) -> None:
    facts = itself(g)
    facts.started = time.perf_counter()
    facts.request_id = tracer().begin(
        given if given and GIVEN.fullmatch(given) else "", traceparent or ""
    )
    request_id.set(facts.request_id)


def log_request(method: str, rule: Rule | None, status: int) -> None:
    facts, who = itself(g), signed_in()
    route, seconds = rule.rule if rule else "-", time.perf_counter() - facts.started
    meter().answered(method, route, status, seconds)
    write_request_line(
        RequestLine(
            message=f"{method} {route}",
            request_id=facts.request_id,
            user_id=who.id if who else None,
            status=status,
            ms=round(seconds * 1e3, 1),
            trace_id=tracer().end(method, route, status) or UNSET,
        )
    )
