"""The lane: answers the hottest routes without what Quart does for each request.

A route enters by `@in_lane`, right above its view: it is the same view that is called either way,
and the same functions that Quart's hooks call. Whatever is unusual is declined, before anything has
happened: Quart answers it. After that the lane answers, refusals too: what it handed on then would
be counted twice, or carried out twice.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, HTTPScope
from pydantic import BaseModel
from quart import Quart, g
from quart_schema.validation import (
    QUART_SCHEMA_QUERYSTRING_ATTRIBUTE,
    QUART_SCHEMA_REQUEST_ATTRIBUTE,
    validate_querystring,
    validate_request,
)
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule

from api.adapters.quart import FinishingHTTPConnection
from api.context import read, services
from api.middleware import auth, compress, cors, errors, headers, idempotent, limits, request_id
from api.middleware.compress import compressed, of_compressed
from api.middleware.cors import SAFE, is_configured, of_origin
from api.middleware.headers import usual_headers
from api.middleware.location import located, location
from api.transfer.preconditions import of_version, precondition_of
from api.transfer.versions import fetched, versioned
from model.documents.precondition import Precondition
from model.errors import Refusal
from model.user import Caller

View = TypeVar("View", bound=Callable[..., Awaitable[Any]])

METHODS = {"GET", "POST", "PUT", "PATCH"}
BODY_WITHIN_S = 1  # what comes more slowly is read by Quart, for as long as it may take
MAX_BODY_BYTES = 64 * 1024
HOOKS = {
    one.__name__ for one in (compress, request_id, headers, cors, errors, auth, limits, idempotent)
}
DECORATORS = {
    (one.__module__, one.__qualname__) for one in
    (validate_querystring, validate_request, located, idempotent.idempotent, versioned)
}  # fmt: skip
UNUSUAL = {
    b"access-control-request-method", b"expect", b"idempotency-key",
    b"if-match", b"if-modified-since", b"if-range", b"if-unmodified-since", b"range",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip


def in_lane(view: View) -> View:
    """Let the lane call a view of JSON that needs no `request`, and `caller` in units of work."""
    view.is_in_lane = True  # type: ignore[attr-defined] # read below
    return view


class Declined(Exception):
    """The request is Quart's."""


@dataclass(frozen=True)
class Route:
    """What the decorators of a view say."""

    view: Callable[..., Awaitable[Any]]
    is_public: bool
    is_compressed: bool
    query: type[BaseModel] | None
    form: type[BaseModel] | None
    address: str | None  # of what it makes
    is_versioned: bool


@dataclass(frozen=True)
class Call:
    """A request that the lane has understood; `values` are the arguments of the view."""

    rule: Rule
    route: Route
    values: dict[str, Any]
    headers: Mapping[bytes, bytes]
    token: str
    caller: Caller | None

    def header(self, name: bytes) -> str | None:
        return _header(self.headers, name)

    @property
    def precondition(self) -> Precondition:
        """Raises Invalid when it cannot be read."""
        known = self.header(b"if-none-match")
        return precondition_of({} if known is None else {"If-None-Match": known})


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    def vary(self, by: str) -> None:
        self.headers["Vary"] = ", ".join(filter(None, (self.headers.get("Vary"), by)))


class Lane:
    """The routes in it. It is made with the first request, when all routes and hooks are there."""

    def __init__(self, app: Quart) -> None:
        views = app.view_functions if _knows_hooks_of(app) else {}
        self.routes = {name: _route(view) for name, view in views.items() if _is_known(view)}
        self._addresses: MapAdapter = app.url_map.bind("localhost")

    def find(self, scope: HTTPScope) -> tuple[Rule, Route, dict[str, Any]]:
        """The rule and the route of an address, with the ids in it. Raises Declined."""
        try:
            rule, ids = self._addresses.match(scope["path"], scope["method"], return_rule=True)
        except HTTPException:
            raise Declined from None
        route = self.routes.get(rule.endpoint)
        if route is None or scope["root_path"] or scope["method"] not in METHODS:
            raise Declined
        return rule, route, dict(ids)


def init(app: Quart) -> None:
    app.asgi_http_class = LaneConnection


def lane_of(app: Quart) -> Lane:
    if "lane" not in app.extensions:
        app.extensions["lane"] = Lane(app)
    lane: Lane = app.extensions["lane"]
    return lane


def _knows_hooks_of(app: Quart) -> bool:
    """Whether the lane does all that Quart does around each view."""
    around = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    hooks = [hook for of_some in around for some in of_some.values() for hook in some]
    for by_code in app.error_handler_spec.values():
        hooks += [handler for by_error in by_code.values() for handler in by_error.values()]
    return HOOKS.issuperset(hook.__module__ for hook in hooks)


def _is_known(view: Callable[..., Any]) -> bool:
    """Whether a view is in the lane, and the lane does all that its decorators do."""
    decorators = []
    while (inner := getattr(view, "__wrapped__", None)) is not None:
        name, _, _ = view.__code__.co_qualname.partition(".")
        decorators.append((view.__globals__["__name__"], name))
        view = inner
    return hasattr(view, "is_in_lane") and DECORATORS.issuperset(decorators)


def _route(view: Callable[..., Any]) -> Route:
    form, _ = getattr(view, QUART_SCHEMA_REQUEST_ATTRIBUTE, (None, None))
    return Route(
        view=inspect.unwrap(view),
        is_public=hasattr(view, "is_public"),
        is_compressed=not hasattr(view, "is_uncompressed"),
        query=getattr(view, QUART_SCHEMA_QUERYSTRING_ATTRIBUTE, None),
        form=form,
        address=getattr(view, "located_at", None),
        is_versioned=hasattr(view, "is_versioned"),
    )


class LaneConnection(FinishingHTTPConnection):
    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self.received = deque[ASGIReceiveEvent]()
        self.peer = (self.scope.get("client") or ("",))[0]

        async def receive_again() -> ASGIReceiveEvent:
            return self.received.popleft() if self.received else await receive()

        try:
            call = await self._understood(receive, send)
        except Declined:
            await super().__call__(receive_again, send)
            return
        answering = asyncio.ensure_future(self._answered(call))
        while not answering.done():
            with suppress(asyncio.CancelledError):  # what has begun is finished, whoever leaves
                await asyncio.shield(answering)
        await self._send(send, answering.result())

    async def _understood(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Call:
        """What is asked; what has come of its body is in `received` then. Raises Declined."""
        given = dict(self.scope["headers"])
        is_repeated = len(given) < len(list(self.scope["headers"]))
        if is_repeated or UNUSUAL & given.keys() or b"text/html" in given.get(b"accept", b""):
            raise Declined
        origin = _header(given, b"origin")
        if not (origin is None or is_configured(origin, services(self.app).settings)):
            raise Declined
        rule, route, values = lane_of(self.app).find(self.scope)
        values |= _query(route.query, self.scope["query_string"])
        token = self._token(given, send)
        known = None if route.is_public else self._known(given, token, rule.endpoint)
        if route.form is not None:
            if given.get(b"content-type") != b"application/json":
                raise Declined
            body = await _body(receive, self.received)
            if given.get(b"content-length", b"%d" % len(body)) != b"%d" % len(body):
                raise Declined
            values |= _form(route.form, body)
        elif b"content-length" in given:
            raise Declined
        return Call(rule, route, values, given, token, known)

    def _token(self, given: Mapping[bytes, bytes], send: ASGISendCallable) -> str:
        """A bearer's, or else that of the cookie, for which Quart's request is made."""
        if b"authorization" in given or b"cookie" not in given:
            return auth.bearer_token(_header(given, b"authorization") or "")
        return auth.token_of(self._create_request_from_scope(send)) or ""

    def _known(self, given: Mapping[bytes, bytes], token: str, name: str) -> Caller:
        """Who came with the token lately. Raises Declined: to look for anybody else is Quart's.

        So is to see from which page something is written with a cookie, and to set that anew.
        """
        if not token:
            raise Declined
        running, method = services(self.app), self.scope["method"]
        known = running.recent_callers.of(token)
        if known is None or not auth.may_ask(known, _header(given, b"homeroom-user"), name, method):
            raise Declined
        is_cookie = b"authorization" not in given
        if is_cookie and (method not in SAFE or running.used_sessions.new_end(known)):
            raise Declined
        return known

    async def _answered(self, call: Call) -> Answer:
        """The answer to what was asked, or to what went wrong, with all that Quart's hooks add."""
        async with self.app.app_context():
            request_id.name_request(call.header(b"x-request-id"), call.header(b"traceparent"))
            try:
                answer = await self._carried_out(call)
            except Exception as error:  # noqa: BLE001 - Quart does the same: `explain` logs a bug
                told = errors.explain(error)
                headers = {"Content-Type": errors.PROBLEM, **told.headers}
                answer = Answer(told.status, msgspec.json.encode(told.problem), headers)
            auth.note_use(call.token, answer.status, self.peer)
            answer.vary("Origin")
            if origin := call.header(b"origin"):
                answer.headers |= of_origin(origin)
            answer.headers |= usual_headers(
                self.scope["scheme"],
                is_api=call.rule.rule.startswith("/api"),
                is_tagged="ETag" in answer.headers,
            )
            answer.headers["X-Request-Id"] = g.request_id
            request_id.log_request(self.scope["method"], call.rule, answer.status)
            await self._compress(call, answer)
        return answer

    async def _carried_out(self, call: Call) -> Answer:
        route, headers = call.route, {"Content-Type": "application/json"}
        g.caller, g.is_remembered = call.caller, call.caller is not None
        limits.count_request(self.peer)
        if route.is_versioned:
            shown, tag = await fetched(route.view, call.precondition, call.values)
            headers |= of_version(tag)
        else:
            shown = await route.view(**call.values)
        if g.is_remembered:
            async with read():  # which judges, as the view has not
                pass
        if shown is None:
            return Answer(HTTPStatus.NOT_MODIFIED, b"", headers)
        view, status = shown if isinstance(shown, tuple) else (shown, HTTPStatus.OK)
        body = msgspec.json.encode(view)
        if route.address and status == HTTPStatus.CREATED:
            headers["Location"] = location(route.address, body)
        return Answer(status, body, headers)

    async def _compress(self, call: Call, answer: Answer) -> None:
        is_refused = answer.status >= HTTPStatus.BAD_REQUEST
        if is_refused or self.scope["method"] != "GET" or not call.route.is_compressed:
            return
        answer.vary("Accept-Encoding")
        small = await compressed(answer.body, call.header(b"accept-encoding"))
        if small is not None:
            answer.body = small
            answer.headers |= of_compressed(answer.headers.get("ETag"))

    async def _send(self, send: ASGISendCallable, answer: Answer) -> None:
        named = {**answer.headers, "Content-Length": str(len(answer.body))}
        encoded = [(name.lower().encode(), value.encode()) for name, value in named.items()]
        with suppress(TimeoutError):
            async with asyncio.timeout(self.app.config["RESPONSE_TIMEOUT"]):
                await send(
                    {"type": "http.response.start", "status": answer.status, "headers": encoded}
                )
                await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _header(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    """The value of a header, as Quart reads it."""
    return headers[name].decode("latin-1") if name in headers else None


@lru_cache(maxsize=256)
def _query(model: type[BaseModel] | None, query: bytes) -> Mapping[str, BaseModel]:
    """What a view that takes a query is given. Raises Declined."""
    if model is None and not query:
        return {}
    with suppress(ValueError, Refusal):
        given = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
        if model is not None and len(dict(given)) == len(given):
            return {"query_args": model.model_validate(dict(given))}
    raise Declined


def _form(model: type[BaseModel], body: bytes) -> dict[str, Any]:
    try:
        return {"data": model.model_validate(msgspec.json.decode(body))}
    except (ValueError, TypeError, RecursionError, Refusal):
        raise Declined from None


async def _body(receive: ASGIReceiveCallable, received: deque[ASGIReceiveEvent]) -> bytes:
    """A short body, if all of it comes at once. Raises Declined."""
    body, is_last = b"", False
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_WITHIN_S):
            while not is_last and len(body) <= MAX_BODY_BYTES:
                message = await receive()
                received.append(message)
                if message["type"] != "http.request":
                    break
                body += message.get("body", b"")
                is_last = not message.get("more_body", False)
    if not is_last or len(body) > MAX_BODY_BYTES:
        raise Declined
    return body
