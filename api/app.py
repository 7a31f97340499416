"""Wires the application together: what it is made of, in which order, and how it opens and closes.

Nothing is connected or read before it serves.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from api import export_jobs, health, jobs, lane, metrics, pages, seen
from api.account_links import account_links
from api.acts import acts
from api.adapters.application import Homeroom, Json
from api.adapters.guard import require_tried
from api.admin_groups import admin_groups
from api.admin_pages import admin_pages
from api.admin_users import admin_users
from api.applications import applications
from api.audit import audit
from api.avatars import avatars
from api.backup_jobs import BackupKeeper
from api.backups import backups
from api.bans import bans
from api.channels import channels
from api.context import LiveConnection, Services, keep_services
from api.docs import openapi
from api.docs.pages import documentation
from api.documents import documents
from api.email_confirmations import email_confirmations
from api.exports import exports
from api.files import files
from api.groups import groups
from api.instance import key_digest, open_instance
from api.join_codes import join_codes
from api.live.log import topics
from api.live.socket import live
from api.live.stream import stream
from api.mail.letter import Letters
from api.mail.outbox import Outbox
from api.me import me
from api.measuring import states
from api.measuring.meter import Meter
from api.measuring.opening import new_meter
from api.memberships import memberships
from api.mentions import mentions
from api.middleware import auth, compress, cors, errors, headers, idempotent, limits, request_id
from api.middleware.proxy import TrustedProxy
from api.overview import overview
from api.password_resets import password_resets
from api.pins import pins
from api.posts import posts
from api.qr_codes import qr_codes
from api.readiness import Readiness
from api.reports import reports
from api.rosters import rosters
from api.scores import scores
from api.search import search
from api.sessions import sessions
from api.settings import Settings
from api.token_bucket import TokenBuckets
from api.tokens import tokens
from api.tracing.opening import new_tracer
from api.tracing.tracer import Tracer
from api.transfer.storage import check_bucket, open_store
from api.transfer.versions import code_digest
from api.users import users
from model.database.lock import serving
from model.database.row import AnyRow
from model.database.unit_of_work import Database
from model.live.bus import Bus, Link
from model.live.ephemeral import (
    Attendance,
    Ephemeral,
    SignalMessage,
    WorkerEnded,
    WorkerId,
    WorkerReport,
)
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.signal import Signals
from model.live.workers import Workers
from model.log.event import write_events
from model.password import Passwords
from model.schema import check, prepare
from model.search import Searches
from model.session import RecentCallers
from model.storage.incoming import own_folder
from model.storage.picture_work import Pictures
from model.storage.thumbnail import Thumbnails
from model.used_session import UsedSessions

log = logging.getLogger(__name__)

RESOURCES = (
    users, me, avatars, sessions, tokens, groups, join_codes, memberships, applications, bans,
    rosters, channels, posts, files, documents, search, mentions, scores, qr_codes, topics, live,
    stream, account_links, password_resets, email_confirmations, acts, audit, pins, reports,
    overview, admin_users, admin_groups, exports, backups,
)  # fmt: skip
SOCKETS_CLOSE_WITHIN_S = ANSWERED_WITHIN_S = 5


def create_app(
    settings: Settings, *, prepared: bool = False, meter: Meter | None = None
) -> Homeroom:
    """Make the application; `prepared` when the supervisor has migrated the database already.

    Several processes that serve it share a `meter`.
    """
    require_tried()
    app = assemble()
    set_up(app, settings, prepared=prepared, meter=meter)
    return app


def assemble() -> Homeroom:
    """Everything that is the same for all settings: the routes, and what is around each."""
    app = Homeroom()
    openapi.init(app)
    app.json = Json(app)  # quart-schema has brought its own
    for middleware in (compress, request_id, headers, cors, errors, auth, limits, idempotent):
        middleware.init(app)
    lane.init(app)
    for resource in RESOURCES:
        app.register_blueprint(resource, url_prefix="/api")
    for door in (
        pages.pages,
        admin_pages,
        documentation,
        health.health,
        seen.seen,
        metrics.metrics,
    ):
        app.register_blueprint(door)
    return app


def set_up(
    app: Homeroom, settings: Settings, *, prepared: bool, meter: Meter | None = None
) -> None:
    """Let the application open with these settings when it begins to serve."""
    code = code_digest()  # now: a worker that is replaced runs it, whatever the files say then
    app.meter = meter or new_meter(settings, openapi.VERSION)
    app.worker = WorkerId(settings.node_name, secrets.token_hex(4), 0)
    app.bus = Bus(link=link_to_others(settings, app.worker.run))
    if settings.trusted_proxies:
        app.asgi_app = TrustedProxy(app.asgi_app, settings.trusted_proxies)  # type: ignore[method-assign] # as Quart's documentation shows it

    @app.while_serving
    async def serve() -> AsyncGenerator[None, None]:
        signing_key = open_instance(settings)
        app.tracer = new_tracer(app.worker, openapi.VERSION)
        async with AsyncExitStack() as held:
            if not prepared:
                await held.enter_async_context(
                    serving(settings.database_address, settings.instance)
                )
                await prepare(settings.database_address, lossy=settings.is_lossy)
                await check_bucket(settings)
            incoming = held.enter_context(own_folder(settings.instance / "incoming"))
            running = open_services(settings, app, code, signing_key, incoming)
            held.push_async_callback(running.database.close)
            await check(running.database)
            keep_services(app, running)
            async with at_work(running):
                yield
                await close_connections(running)
                await app.answered(within_s=ANSWERED_WITHIN_S)
        await app.tracer.close()


def link_to_others(settings: Settings, run: str) -> Link | None:
    """The link to other machines, not yet open; it is loaded before workers are forked."""
    if settings.redis_url is None:
        return None
    from model.live import redis_link  # noqa: PLC0415 - loads redis

    return redis_link.RedisLink(settings.redis_url.get_secret_value(), run)


def open_database(settings: Settings, app: Homeroom) -> Database:
    database = Database(
        settings.database_address,
        before_commit=write_events,
        synchronous="NORMAL" if settings.is_lossy else "FULL",
        watcher=app.tracer.watcher(settings.slow_statement_ms / 1e3),
    )
    database.watcher.figures = app.meter
    return database


def open_services(
    settings: Settings, app: Homeroom, code: str, signing_key: bytes, incoming: Path
) -> Services:
    bus, worker, meter = app.bus, app.worker, app.meter
    database = open_database(settings, app)
    feed = Feed(database, settings.feed_limits)

    def tell(topics: Collection[str]) -> None:
        feed.wake(topics)
        bus.hint(topics)

    database.committed = tell
    feed.told, feed.figures = partial(tell_of_events, app.tracer), meter
    store, pictures, connections = open_store(settings), Pictures(), set[LiveConnection]()
    return Services(
        settings=settings,
        meter=meter,
        database=database,
        searches=Searches(database),
        feed=feed,
        bus=bus,
        worker=worker,
        presence=Presence(feed, bus, worker),
        workers=Workers(bus, worker, key_digest(signing_key), connections),
        connections=connections,
        signals=Signals(feed, bus),
        passwords=Passwords(settings.workers, meter),
        recent_callers=RecentCallers(),
        buckets=TokenBuckets(),
        used_sessions=UsedSessions(),
        signing_key=signing_key,
        code=code,
        store=store,
        pictures=pictures,
        thumbnails=Thumbnails(store, pictures, incoming),
        incoming=incoming,
        readiness=Readiness(database, feed, incoming),
        letters=Letters(settings.url),
        outbox=Outbox(settings.mail_server, settings.mail_from, settings.url),
    )


def tell_of_events(tracer: Tracer, events: Sequence[AnyRow]) -> None:
    """Tell the tracer, and the log at the level `debug`, that events have come here.

    They are told under the ids of their requests.
    """
    tracer.arrived(events)
    if log.isEnabledFor(logging.DEBUG):
        for event in events:
            told = {"request_id": event.tx} if event.tx else {}
            log.debug("event %d of %s: %s", event.seq, event.topic, event.kind, extra=told)


@asynccontextmanager
async def at_work(services: Services) -> AsyncIterator[None]:
    """Run what works beside the requests, and close all but the database at the end."""
    await services.feed.open()
    listen(services)
    database, settings, feed = services.database, services.settings, services.feed
    background = [
        asyncio.create_task(feed.run()),
        asyncio.create_task(services.presence.run()),
        asyncio.create_task(services.workers.run()),
        asyncio.create_task(jobs.run(database, services.store, settings)),
        asyncio.create_task(jobs.run_purges(database, settings, feed.forgotten)),
        asyncio.create_task(jobs.run_uses(database, services.used_sessions)),
        asyncio.create_task(states.run(services.meter, feed, services.passwords, services.bus)),
        asyncio.create_task(
            export_jobs.run(
                database, services.store, settings, services.incoming, services.export_wanted
            )
        ),
        asyncio.create_task(
            BackupKeeper(database, services.store, settings).run(services.backup_wanted)
        ),
    ]
    yield
    for task in background:
        task.cancel()
    await asyncio.wait(background)
    await services.outbox.close()
    services.bus.tell([WorkerEnded(services.worker)])
    await services.bus.close()
    services.passwords.close()


def listen(services: Services) -> None:
    """Pass on what the other workers say."""

    def told(messages: Sequence[Ephemeral]) -> None:
        for message in messages:
            match message:
                case SignalMessage():
                    services.signals.pass_on(message)
                case Attendance():
                    services.presence.take(message, time.monotonic())
                case WorkerReport():
                    services.workers.take(message, time.monotonic())
                case WorkerEnded(worker):
                    services.presence.ended(worker)
                    services.workers.ended(worker)

    def joined() -> None:
        services.presence.tell_all()
        services.workers.tell_all()

    services.bus.listen(services.feed.wake, told)
    services.bus.join(services.feed.epoch, joined)


async def close_connections(services: Services) -> None:
    """Send every live connection `bye` and 1012; do not wait for those that do not read it."""
    services.is_stopping = True
    connections = list(services.connections)
    for connection in connections:
        connection.stop(among=len(connections))
    with suppress(TimeoutError):
        async with asyncio.timeout(SOCKETS_CLOSE_WITHIN_S):
            while services.connections:
                services.connection_left.clear()
                await services.connection_left.wait()
