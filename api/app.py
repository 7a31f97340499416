"""Wires the application together: what it is made of, in which order, and how it opens and closes.

Nothing is connected or read before it serves.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from quart import Quart, Response
from quart.json.provider import JSONProvider
from quart.wrappers.base import BaseRequestWebsocket
from werkzeug.routing import BaseConverter, IntegerConverter, MapAdapter

from api import health, jobs, pages
from api.adapters.guard import require_tried
from api.adapters.quart import (
    BareWebsocket,
    FinishingHTTPConnection,
    FinishingWebsocketConnection,
    HomeroomRequest,
)
from api.avatars import avatars
from api.channels import channels
from api.context import Services
from api.docs import openapi
from api.documents import documents
from api.files import files
from api.groups import groups
from api.live.log import topics
from api.live.socket import live
from api.live.stream import stream
from api.me import me
from api.memberships import memberships
from api.mentions import mentions
from api.middleware import auth, cors, errors, headers, idempotent, limits, request_id
from api.middleware.proxy import TrustedProxy
from api.posts import posts
from api.scores import scores
from api.search import search
from api.sessions import sessions
from api.settings import ROOT, Settings
from api.storage import check_bucket, open_store
from api.users import users
from model.database.unit_of_work import Database
from model.documents.document_space import KEY_PATTERN, MAX_KEY_CHARS
from model.live.bus import Bus
from model.live.ephemeral import Attendance, Ephemeral, SignalMessage, WorkerDied
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.signal import Signals
from model.password import Passwords
from model.schema import check, prepare
from model.storage.incoming import clear
from model.storage.picture import Pictures
from model.storage.thumbnail import Thumbnails

log = logging.getLogger(__name__)

RESOURCES = (
    users, me, avatars, sessions, groups, memberships, channels, posts,
    files, documents, search, mentions, scores, topics, live, stream,
)  # fmt: skip
MAX_BODY_BYTES = 1024 * 1024
SOCKETS_CLOSE_WITHIN_S = 5


class Json(JSONProvider):
    def dumps(self, obj: Any, **_: Any) -> str:
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return msgspec.json.decode(s)

    def response(self, *values: Any, **fields: Any) -> Response:
        body = msgspec.json.encode(self._prepare_response_obj(values, fields))
        return Response(body, content_type="application/json")


class IdConverter(IntegerConverter):
    """An id: by this pattern it fits into 64 bits; anything else is no page of ours."""

    regex = "[1-9][0-9]{0,17}"


class KeyConverter(BaseConverter):
    """The key of a document, whatever it is: with slashes, encoded or not."""

    part_isolating = False
    regex = "(?s:.+)"
    weight = 200  # after whatever is more exact
    schema = {"pattern": KEY_PATTERN, "maxLength": MAX_KEY_CHARS}


class Homeroom(Quart):
    request_class = HomeroomRequest
    websocket_class = BareWebsocket
    asgi_http_class = FinishingHTTPConnection
    asgi_websocket_class = FinishingWebsocketConnection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._known: dict[Callable[..., Any], Callable[..., Any]] = {}
        super().__init__(*arguments, **options)

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Quart inspects each hook and view at each request; once is enough."""
        if func not in self._known:
            self._known[func] = super().ensure_async(func)
        return self._known[func]

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Routes do not depend on the host: whatever a client says it is must not break them."""
        if request is None:
            return super().create_url_adapter(request)
        return self.url_map.bind(
            "localhost",
            script_name=request.root_path,
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
            query_args=request.query_string.decode("latin-1"),
        )


def create_app(
    settings: Settings, *, bus: Bus | None = None, worker: int = 0, prepared: bool = False
) -> Quart:
    """`prepared`: the supervisor has brought the database up to date already."""
    require_tried()
    app = Homeroom(
        __name__,
        root_path=str(ROOT),
        static_folder="static",
        template_folder="templates",
        instance_path=str(settings.instance.absolute()),
    )
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=None,  # the browser asks, the ETag answers
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # it would redirect
    app.url_map.converters["id"] = IdConverter
    app.url_map.converters["key"] = KeyConverter
    openapi.init(app)
    app.json = Json(app)
    for middleware in (request_id, headers, cors, errors, auth, limits, idempotent):
        middleware.init(app)
    for resource in RESOURCES:
        app.register_blueprint(resource, url_prefix="/api")
    for door in (pages.pages, health.health):
        app.register_blueprint(door)
    if settings.trusted_proxies:
        app.asgi_app = TrustedProxy(app.asgi_app, settings.trusted_proxies)  # type: ignore[method-assign] # as Quart's documentation shows it

    @app.while_serving
    async def serve() -> AsyncGenerator[None, None]:
        signing_key = settings.signing_key()
        if prepared:
            await check(settings.sqlalchemy_url)
        else:
            await prepare(settings.sqlalchemy_url, lossy=settings.is_lossy)
            await check_bucket(settings)
        clear(settings.instance / "incoming" / str(worker))
        running = open_services(settings, bus or Bus(), worker, signing_key)
        app.extensions["homeroom"] = running
        await running.feed.open()
        listen(running)
        background = [
            asyncio.create_task(running.feed.run()),
            asyncio.create_task(running.presence.run()),
            asyncio.create_task(jobs.run(running.database, running.store, settings)),
        ]
        yield
        await close_connections(running)
        for task in background:
            task.cancel()
        await asyncio.wait(background)
        running.bus.close()
        running.passwords.close()
        await running.database.close()

    return app


def open_services(settings: Settings, bus: Bus, worker: int, signing_key: bytes) -> Services:
    database = Database(
        settings.sqlalchemy_url, synchronous="NORMAL" if settings.is_lossy else "FULL"
    )
    feed = Feed(database, settings.feed_limits)

    def tell(topics: Collection[str]) -> None:
        feed.wake(topics)
        bus.hint(topics)

    database.committed = tell
    incoming = settings.instance / "incoming" / str(worker)
    store, pictures = open_store(settings), Pictures()
    return Services(
        settings,
        database,
        feed,
        bus,
        Presence(feed, bus, worker),
        Signals(feed, bus),
        Passwords(settings.workers),
        signing_key,
        store,
        pictures,
        Thumbnails(store, pictures, incoming),
        incoming,
    )


def listen(services: Services) -> None:
    """To the other workers."""

    def told(messages: Sequence[Ephemeral]) -> None:
        for message in messages:
            match message:
                case SignalMessage():
                    services.signals.pass_on(message)
                case Attendance():
                    services.presence.take(message, time.monotonic())
                case WorkerDied(worker):
                    services.presence.died(worker)

    services.bus.listen(services.feed.wake, told)


async def close_connections(services: Services) -> None:
    """Every live connection gets `bye` and 1012; who does not take it is left behind."""
    services.is_stopping = True
    connections = list(services.connections)
    for connection in connections:
        connection.stop(among=len(connections))
    with suppress(TimeoutError):
        async with asyncio.timeout(SOCKETS_CLOSE_WITHIN_S):
            while services.connections:
                services.connection_left.clear()
                await services.connection_left.wait()
