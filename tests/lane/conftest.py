"""An application whose clients ask everything both ways."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from quart import Quart

from api.app import create_app
from api.settings import Settings
from tests.lane.both_ways import BothWays, EitherWay
from tests.support.cast import Stages
from tests.support.databases import SQLite


@pytest.fixture
def database_url(sqlite: Stages[SQLite], tmp_path: Path) -> str:
    """The lane does not know what database there is."""
    return sqlite.database.copy("cast", tmp_path / "instance")


@pytest.fixture
def changed_settings() -> dict[str, Any]:
    return {"origins": ["https://front.example"], "trusted_proxies": ["192.0.2.9"]}


@pytest.fixture
def new_app(settings: Settings) -> Quart:
    app = create_app(settings, prepared=True)
    app.asgi_http_class, app.test_client_class = EitherWay, cast(Any, BothWays)
    return app


@pytest.fixture
async def app(new_app: Quart) -> AsyncIterator[Quart]:
    async with new_app.test_app():
        yield new_app
