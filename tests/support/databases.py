"""A new, empty database for each test, on SQLite and on PostgreSQL: a copy of a migrated one."""

import asyncio
import functools
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from model.schema import prepare

GIVEN = os.environ.get("HOMEROOM_TEST_DATABASE_URL")
LOCAL = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
ANSWERS_WITHIN_S = 3


@functools.cache
def sqlite_template(folder: Path) -> Path:
    file = folder / "template.db"
    asyncio.run(prepare(f"sqlite+aiosqlite:///{file}"))
    return file


def new_sqlite(folder: Path, templates: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(sqlite_template(templates), folder / "app.db")
    return f"sqlite+aiosqlite:///{folder / 'app.db'}"


@functools.cache
def postgresql_server() -> str | None:
    """The server that takes the databases of tests, if one answers."""
    url = GIVEN or LOCAL
    try:
        asyncio.run(_execute(url, "SELECT 1"))
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None
    return url


def require_postgresql() -> str:
    """Skips the test where there is no server; in CI that is a failure."""
    server = postgresql_server()
    if server is None:
        why = f"no PostgreSQL answers at {GIVEN or LOCAL}: set HOMEROOM_TEST_DATABASE_URL"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return server


@functools.cache
def postgresql_template(server: str) -> str:
    name = f"homeroom_test_{secrets.token_hex(6)}_template"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    asyncio.run(prepare(_named(server, name)))
    return name


@contextmanager
def new_postgresql() -> Iterator[str]:
    server = require_postgresql()
    name = f"homeroom_test_{secrets.token_hex(6)}"
    template = postgresql_template(server)
    asyncio.run(_execute(server, f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield _named(server, name)
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


def drop_postgresql_template() -> None:
    if postgresql_template.cache_info().currsize and (server := postgresql_server()):
        template = postgresql_template(server)
        asyncio.run(_execute(server, f"DROP DATABASE {template} WITH (FORCE)"))


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _execute(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection: Any = await asyncpg.connect(plain, timeout=ANSWERS_WITHIN_S)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
