"""What a route needs of the running application."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from quart import Quart, current_app, g

from api.adapters.application import Homeroom
from api.adapters.quart import itself
from api.kept import KeptLists
from api.logs import request_id
from api.mail.letter import Letters
from api.mail.outbox import Outbox
from api.measuring.meter import Meter
from api.readiness import Readiness
from api.settings import Settings
from api.token_bucket import TokenBuckets
from api.tracing.tracer import Tracer
from model.database.unit_of_work import Database, Transaction
from model.errors import NotSignedIn
from model.limit import Action, take
from model.live.bus import Bus
from model.live.ephemeral import WorkerId
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.signal import Signals
from model.live.workers import Workers
from model.password import Passwords
from model.search import Searches
from model.session import RecentCallers, judge_caller
from model.storage.picture_work import Pictures
from model.storage.store import Store
from model.storage.thumbnail import Thumbnails
from model.used_session import UsedSessions
from model.user import Caller

T = TypeVar("T")

_unit_of_work: ContextVar[Transaction | None] = ContextVar("unit_of_work", default=None)


class LiveConnection(Protocol):
    @property
    def code(self) -> int | None:
        """With what it was closed from here, if it was."""

    def stop(self, among: int) -> None: ...
    def end(self) -> None: ...


@dataclass(kw_only=True)
class Services:
    """What a worker has one of."""

    settings: Settings
    meter: Meter
    database: Database
    searches: Searches
    feed: Feed
    bus: Bus
    worker: WorkerId
    presence: Presence
    workers: Workers
    signals: Signals
    passwords: Passwords
    recent_callers: RecentCallers
    buckets: TokenBuckets
    used_sessions: UsedSessions
    signing_key: bytes
    code: str  # the digest of what runs here
    store: Store
    pictures: Pictures
    thumbnails: Thumbnails
    incoming: Path
    readiness: Readiness
    letters: Letters
    outbox: Outbox
    kept_lists: KeptLists = field(default_factory=KeptLists)
    connections: set[LiveConnection]
    export_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    backup_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    connection_left: asyncio.Event = field(default_factory=asyncio.Event)
    is_stopping: bool = False

    @contextmanager
    def serving(self, connection: LiveConnection) -> Iterator[None]:
        """Keep a connection registered, so that it is told when the server stops."""
        self.connections.add(connection)
        self.meter.connected()
        if self.is_stopping:
            connection.stop(among=len(self.connections))
        try:
            yield
        finally:
            self.meter.left(connection.code)
            connection.end()
            self.connections.discard(connection)
            self.connection_left.set()


def keep_services(app: Quart, running: Services) -> None:
    app.extensions["homeroom"] = running


def services(app: Quart | None = None) -> Services:
    """The services of an application: of the one that answers, unless another one is given."""
    return cast(Services, (app or itself(current_app)).extensions["homeroom"])


def meter() -> Meter:
    """Who is told what happens in this worker; it is there before the services are."""
    return cast(Homeroom, itself(current_app)).meter


def tracer() -> Tracer:
    return cast(Homeroom, itself(current_app)).tracer


def settings() -> Settings:
    return services().settings


@asynccontextmanager
async def read() -> AsyncIterator[Transaction]:
    """A transaction that reads one snapshot of the database."""
    async with services().database.read() as db:
        if itself(g).get("is_remembered"):
            await _judge(db)
        yield db


@asynccontextmanager
async def write(*, ending: int | None = None) -> AsyncIterator[Transaction]:
    """A transaction, committed at the end; within `@idempotent` the one that keeps the answer.

    `ending` is the id of the person whose sessions it may end. Raises NotSignedIn when that of the
    caller has ended since the request came in.
    """
    if (joined := _unit_of_work.get()) is not None:
        yield joined
        return
    async with _write(ending) as db:
        yield db


@asynccontextmanager
async def one_unit_of_work() -> AsyncIterator[Transaction]:
    """A transaction that every `write()` inside joins."""
    async with _write() as db:
        token = _unit_of_work.set(db)
        try:
            yield db
        finally:
            _unit_of_work.reset(token)


@asynccontextmanager
async def _write(ending: int | None = None) -> AsyncIterator[Transaction]:
    async with services().database.write(request_id.get()) as db:
        await _judge(db, ending)
        yield db


async def _judge(db: Transaction, ending: int | None = None) -> None:
    """Find the caller anew, if the request has one. Raises NotSignedIn."""
    if (who := signed_in()) is not None:
        facts = itself(g)
        facts.caller, facts.is_remembered = await judge_caller(db, who, ending=ending), False


def signed_in() -> Caller | None:
    return cast(Caller | None, itself(g).get("caller"))


def caller() -> Caller:
    """Who asks; raises NotSignedIn, which only happens on `@public` routes."""
    found = signed_in()
    if found is None:
        raise NotSignedIn
    return found


async def limited(*actions: Action) -> None:
    """Count actions against their exact limits; none when a limit is reached. Raises TooMany."""
    if settings().is_limited:
        await take(services().database, *actions)


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish a unit of work even when the live connection that asked for it goes meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
