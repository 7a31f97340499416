"""The application class: Quart with our JSON, our ids and keys in paths, and our connections."""

import asyncio
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

import msgspec
import quart_schema.conversion
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from quart import Quart, Response
from quart.json.provider import JSONProvider
from quart.routing import QuartRule
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.routing import BaseConverter, IntegerConverter, MapAdapter

from api.adapters.quart import (
    BareWebsocket,
    FinishingHTTPConnection,
    FinishingWebsocketConnection,
    HomeroomRequest,
)
from api.measuring.meter import Meter
from api.settings import ROOT
from api.tracing.tracer import Tracer
from model.document_space import DOCUMENT_KEY_PATTERN, MAX_DOCUMENT_KEY_CHARS
from model.live.bus import Bus
from model.live.ephemeral import WorkerId

MAX_KNOWN_FUNCTIONS = 512  # hooks and views; a class of views makes new ones for each request
MAX_BODY_BYTES = 128 * 1024  # of JSON: the longest post has 120,000, where emoji are `\ud83d\ude42`


# It would make one for each body and query
quart_schema.conversion.TypeAdapter = cache(quart_schema.conversion.TypeAdapter)  # type: ignore[attr-defined,assignment]


class Json(JSONProvider):
    def dumps(self, obj: Any, **_: Any) -> str:
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return msgspec.json.decode(s)

    def response(self, *values: Any, **fields: Any) -> Response:
        body = msgspec.json.encode(self._prepare_response_obj(values, fields))
        return Response(body, content_type="application/json")


class IdConverter(IntegerConverter):
    """Matches an id: at most 18 digits, so that it fits into 64 bits. Other paths do not exist."""

    regex = "[1-9][0-9]{0,17}"


class KeyConverter(BaseConverter):
    """Matches the key of a document, slashes included, whether they are encoded or not."""

    part_isolating = False
    regex = "(?s:.+)"
    weight = 200  # after whatever is more exact
    schema = {"pattern": DOCUMENT_KEY_PATTERN, "maxLength": MAX_DOCUMENT_KEY_CHARS}


class LateRule(QuartRule):
    """Compiles what builds addresses when it is first used.

    Werkzeug compiles it for every route at once: three quarters of the time to make the app.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(*rule: Any, **values: Any) -> Any:
            return compiled()(*rule, **values)

        return build


class Homeroom(Quart):
    url_rule_class = LateRule
    request_class = HomeroomRequest
    websocket_class = BareWebsocket
    asgi_http_class = FinishingHTTPConnection
    asgi_websocket_class = FinishingWebsocketConnection

    def __init__(self) -> None:
        self.bus, self.meter, self.tracer = Bus(), Meter(), Tracer()
        self.worker = WorkerId("", "", 0)  # as if there were no other worker
        self._known = lru_cache(MAX_KNOWN_FUNCTIONS)(super().ensure_async)
        self._in_flight: set[asyncio.Task[Any]] = set()
        super().__init__(
            __name__,
            root_path=str(ROOT),
            static_folder=None,  # api/pages.py
            template_folder="templates",
            instance_path=str(ROOT / "instance"),
        )
        self.config.update(
            MAX_CONTENT_LENGTH=MAX_BODY_BYTES,  # files are streamed
            SEND_FILE_MAX_AGE_DEFAULT=None,  # the browser asks, the ETag answers
            TEMPLATES_AUTO_RELOAD=False,
        )
        self.url_map.strict_slashes = False
        self.url_map.merge_slashes = False  # it would redirect
        self.url_map.converters["id"] = IdConverter
        self.url_map.converters["key"] = KeyConverter

    async def asgi_app(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        task = asyncio.current_task()
        if scope["type"] == "lifespan" or task is None:
            await super().asgi_app(scope, receive, send)
            return
        self._in_flight.add(task)
        try:
            await super().asgi_app(scope, receive, send)
        finally:
            self._in_flight.discard(task)

    async def answered(self, *, within_s: float) -> None:
        """Wait for the requests in flight: Hypercorn forgets those that came as it stopped."""
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=within_s)

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Remembers the answer: Quart would inspect each hook and view again at each request."""
        return self._known(func)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Leaves the host out of routing, so that a strange `Host` header breaks no route."""
        if request is None:
            return super().create_url_adapter(request)
        return MapAdapter(
            self.url_map,
            server_name="localhost",
            script_name=request.root_path,
            subdomain="",
            url_scheme=request.scheme,
            path_info=request.path,
            default_method=request.method,
            query_args=request.query_string.decode("latin-1"),
        )
