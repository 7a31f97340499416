"""`Idempotency-Key`: a request repeated with its key is carried out once and answered the same."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import msgspec
from quart import Quart, Response, request

from api.adapters.quart import itself
from api.context import caller, one_unit_of_work
from model.errors import Invalid
from model.idempotency import Answer, claim_key, keep_answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_CHARS = 128

View = Callable[..., Awaitable[Any]]


def init(app: Quart) -> None:
    @app.before_request
    async def refuse_elsewhere() -> None:
        """Refuse a key where it would do nothing, before its client relies on it."""
        asked = itself(request)
        if HEADER not in asked.headers or asked.routing_exception is not None:
            return
        view = app.view_functions[asked.endpoint or ""]
        if not getattr(view, "is_idempotent", False):
            raise Invalid({HEADER: "This route takes no key."})


def idempotent(view: View) -> View:
    """Carry a request out once a key. Stands below `@validate_request`, whose values count.

    A repeated answer says so: `Idempotency-Replayed: true`.
    """

    @wraps(view)
    async def once(*arguments: Any, **values: Any) -> Any:
        key = itself(request).headers.get(HEADER)
        if key is None:
            return await view(*arguments, **values)
        if not (0 < len(key) <= MAX_CHARS and key.isascii() and key.isprintable()):
            raise Invalid({HEADER: f"It must have 1 to {MAX_CHARS} printable ASCII characters."})
        route, by = request.endpoint or "", caller()
        async with one_unit_of_work() as db:
            given = msgspec.json.encode(values, enc_hook=_plain)
            answer = kept = await claim_key(db, route, key, given, by=by)
            if answer is None:
                view_of_it, status = await view(*arguments, **values)
                answer = Answer(status, msgspec.json.encode(view_of_it))
                await keep_answer(db, route, key, answer, by=by)
        response = Response(answer.body, answer.status, content_type="application/json")
        if kept is not None:
            response.headers[REPLAYED] = "true"
        return response

    once.is_idempotent = True  # type: ignore[attr-defined] # read by the hook above
    return once


def _plain(form: Any) -> Any:
    return form.model_dump()
