"""What every test may ask for: a database, the application on it, a server, and the cast."""

import gc
import os
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

import tests.support.cheap_passwords  # noqa: F401
from api.adapters.application import Homeroom
from api.app import assemble, close_connections, create_app, set_up
from api.context import Services
from api.context import services as services_of
from api.server.worker import new_event_loop
from api.settings import Settings
from tests.support.cast import Cast, Stages, settings_of_tests
from tests.support.databases import PostgreSQL, SQLite, require_postgresql
from tests.support.people import Visitor
from tests.support.scheduling import FewBrowsers
from tests.support.serving import serving
from tests.support.stores import new_bucket

os.environ["HOMEROOM_ENV_FILE"] = ""  # what is written there is for another server

FIRST = ("prove", "faults", "live", "tests")

gc.disable()  # until all tests are found: little of what is made by then is garbage


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are processors: half of the time tests wait for something."""
    return (os.cpu_count() or 1) + 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FewBrowsers:
    return FewBrowsers(config, log)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], AbstractEventLoop]]:
    return {"of a worker": new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait go beside those in a browser, which work all the time; then come long ones.

    What is short is left for whoever has time, so that all processes end together.
    """
    rank = {folder: place for place, folder in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(rank)))


def pytest_collection_finish() -> None:
    """What is imported stays: to look through it again and again took a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    gc.enable()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Stages[SQLite]:
    folder = tmp_path_factory.mktemp("sqlite")
    return Stages(SQLite(folder), folder)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages[PostgreSQL]]:
    database = PostgreSQL(require_postgresql())
    yield Stages(database, tmp_path_factory.mktemp("postgresql"))
    database.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Up to date, on both kinds of database; with the cast in it for a test that wants people.

    A test that changes more than rows is marked `own_database`.
    """
    database = request.getfixturevalue(request.param).database
    stage = "cast" if "people" in request.fixturenames else "empty"
    if isinstance(database, SQLite):
        yield database.copy(stage, tmp_path / "instance")
    elif request.node.get_closest_marker("own_database"):
        with database.copy(stage) as url:
            yield url
    else:
        database.put_back(stage)
        yield database.url


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
    return settings_of_tests(
        tmp_path / "instance", database_url, files_url=files_url, **changed_settings
    )


@pytest.fixture(scope="session")
def assembled() -> Homeroom:
    """The routes take longer to assemble than most tests need for themselves."""
    return assemble()


@pytest.fixture
async def app(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Quart]:
    """The application, open: what its clients ask goes the whole way to the database.

    A test that adds something to it is marked `own_app`.
    """
    if request.node.get_closest_marker("own_app"):
        app = create_app(settings, prepared=True)
    else:
        app = request.getfixturevalue("assembled")
        set_up(app, settings, prepared=True)
    extensions = dict(app.extensions)
    async with app.test_app():
        yield app
    app.extensions = extensions  # without what was made for these settings
    app.while_serving_gens.clear()
    vars(app).pop("asgi_app", None)


@pytest.fixture
def services(app: Quart) -> Services:
    return services_of(app)


@pytest.fixture
async def url(app: Quart) -> AsyncIterator[str]:
    """The same application on a real socket, for live connections."""
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
        await close_connections(services_of(app))


@pytest.fixture
def visitor(app: Quart) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def people(request: pytest.FixtureRequest, app: Quart, database_url: str) -> Cast:
    """The cast, the group "class" and its open channel "general"."""
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    stages = request.getfixturevalue(kind)
    made: Cast = stages.cast
    return made.before(app)
