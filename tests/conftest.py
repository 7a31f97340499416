"""The stage of every test: a database of its own, the application, and the cast.

root is an administrator of the server; ann owns the group "class", mia moderates it, bob is a
member; eve has an account and belongs nowhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from hypercorn.asyncio import serve
from quart import Quart

from api.adapters.hypercorn import mend
from api.app import close_connections, create_app
from api.context import Services
from api.server.supervisor import listen
from api.server.worker import handed_over, hypercorn_config
from api.settings import Settings
from model.user import ServerRole
from tests.support.databases import drop_postgresql_template, new_postgresql, new_sqlite
from tests.support.people import Person, Visitor, sign_up
from tests.support.stores import new_bucket


@pytest.fixture(scope="session", autouse=True)
def _templates() -> Iterator[None]:
    yield
    drop_postgresql_template()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, templates: Path) -> Iterator[str]:
    """An empty database that is up to date: each test runs on both kinds."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield new_sqlite(tmp_path / "instance", templates)
        else:
            yield stack.enter_context(new_postgresql())


@pytest.fixture
def files_url(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str | None]:
    """Files are in the instance folder, but for the modules that are marked ON_EVERY_STORE."""
    if getattr(request, "param", "folder") == "folder":
        yield None
    else:
        with new_bucket(monkeypatch) as url:
            yield url


@pytest.fixture
def changed_settings() -> dict[str, Any]:
    """A test that needs others parametrizes this fixture's name."""
    return {}


@pytest.fixture
def settings(
    database_url: str, files_url: str | None, tmp_path: Path, changed_settings: dict[str, Any]
) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "instance": tmp_path / "instance",
            "database_url": database_url,
            "files_url": files_url,
            "registration": "open",
            "workers": 1,
            **changed_settings,
        },
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Quart]:
    """The application, open: what its clients ask goes the whole way to the database."""
    app = create_app(settings, prepared=True)
    async with app.test_app():
        yield app


@pytest.fixture
def services(app: Quart) -> Services:
    return cast(Services, app.extensions["homeroom"])


@pytest.fixture
async def url(app: Quart) -> AsyncIterator[str]:
    """The same application on a real socket, for live connections."""
    mend()
    listener, is_over = listen("127.0.0.1:0"), asyncio.Event()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def without_lifespan(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":  # the fixture `app` has opened it
            await app(scope, receive, send)

    serving = asyncio.create_task(
        serve(
            without_lifespan, hypercorn_config(handed_over(listener)), shutdown_trigger=is_over.wait
        )
    )
    yield address
    await close_connections(cast(Services, app.extensions["homeroom"]))
    is_over.set()
    await serving


@dataclass
class Cast:
    root: Person
    ann: Person
    mia: Person
    bob: Person
    eve: Person
    group: dict[str, Any]
    channel: dict[str, Any]

    @property
    def posts(self) -> str:
        """The path of the posts of the channel "general"."""
        return f"/api/channels/{self.channel['id']}/posts"

    def named(self, name: str) -> Person:
        return cast(Person, getattr(self, name))


@pytest.fixture
def visitor(app: Quart) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
async def people(app: Quart, services: Services) -> Cast:
    """The cast, the group "class" and its open channel "general"."""
    database = services.database
    root = await sign_up(app, database, "root", ServerRole.ADMIN)
    ann, mia, bob, eve = [await sign_up(app, database, who) for who in ("ann", "mia", "bob", "eve")]
    group = await ann.post("/api/groups", {"name": "class"})
    code = await ann.post(f"/api/groups/{group['id']}/join-code", {})
    for person in (mia, bob):
        await person.post("/api/memberships", {"join_code": code["join_code"]})
    await ann.put(f"/api/groups/{group['id']}/members/{mia.id}", {"role": "moderator"})
    channel = await ann.post(f"/api/groups/{group['id']}/channels", {"name": "general"})
    return Cast(root, ann, mia, bob, eve, group, channel)
