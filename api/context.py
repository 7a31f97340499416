"""What a route needs of the running application."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from quart import Quart, current_app, g

from api.settings import Settings
from model.database.unit_of_work import Database, MissingReference, Transaction
from model.errors import NotFound, NotSignedIn
from model.limit import Limit, take
from model.live.bus import Bus
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.signal import Signals
from model.password import Passwords
from model.storage.picture import Pictures
from model.storage.store import Store
from model.storage.thumbnail import Thumbnails
from model.user import Caller, find_account

T = TypeVar("T")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_unit_of_work: ContextVar[Transaction | None] = ContextVar("unit_of_work", default=None)


class LiveConnection(Protocol):
    def stop(self, among: int) -> None: ...
    def end(self) -> None: ...


@dataclass(kw_only=True)
class Services:
    """What a worker has one of."""

    settings: Settings
    database: Database
    feed: Feed
    bus: Bus
    presence: Presence
    signals: Signals
    passwords: Passwords
    signing_key: bytes
    store: Store
    pictures: Pictures
    thumbnails: Thumbnails
    incoming: Path
    connections: set[LiveConnection] = field(default_factory=set)
    connection_left: asyncio.Event = field(default_factory=asyncio.Event)
    is_stopping: bool = False

    @contextmanager
    def serving(self, connection: LiveConnection) -> Iterator[None]:
        """Keep a connection registered, so that it is told when the server stops."""
        self.connections.add(connection)
        if self.is_stopping:
            connection.stop(among=len(self.connections))
        try:
            yield
        finally:
            connection.end()
            self.connections.discard(connection)
            self.connection_left.set()


def keep_services(app: Quart, running: Services) -> None:
    app.extensions["homeroom"] = running


def services(app: Quart = current_app) -> Services:
    """The services of an application: of the one that answers, unless another one is given."""
    return cast(Services, app.extensions["homeroom"])


def settings() -> Settings:
    return services().settings


def read() -> AbstractAsyncContextManager[Transaction]:
    """A transaction that reads one snapshot of the database."""
    return services().database.read()


@asynccontextmanager
async def write() -> AsyncIterator[Transaction]:
    """A transaction, committed at the end; within `@idempotent` the one that keeps the answer."""
    if (joined := _unit_of_work.get()) is not None:
        yield joined
        return
    async with _write() as db:
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
async def _write() -> AsyncIterator[Transaction]:
    """Raises NotSignedIn when the caller's account was deleted after the request had come in."""
    try:
        async with services().database.write(request_id.get()) as db:
            yield db
    except MissingReference as error:
        who = signed_in()
        if who is not None and not await _has_account(who):
            raise NotSignedIn from error
        raise


async def _has_account(who: Caller) -> bool:
    async with read() as db:
        try:
            await find_account(db, who.id)
        except NotFound:
            return False
    return True


def signed_in() -> Caller | None:
    return cast(Caller | None, g.get("caller"))


def caller() -> Caller:
    """Who asks; raises NotSignedIn, which only happens on `@public` routes."""
    found = signed_in()
    if found is None:
        raise NotSignedIn
    return found


async def limited(limit: Limit, who: str, count: int = 1) -> None:
    """Count actions against an exact limit; raises TooMany."""
    if settings().is_limited:
        await take(services().database, limit, who, count)


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish a unit of work even when the live connection that asked for it goes meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
