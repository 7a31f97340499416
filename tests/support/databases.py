"""A database as it was at a known stage, for each test: on SQLite and on PostgreSQL.

The stage "empty" is a new database that is up to date, "cast" has the cast in it (people.py). On
SQLite a test gets a copy of a file. On PostgreSQL each process of the tests has one database, whose
rows are put back before each test: that takes 4 ms, making and dropping a database 40 to 200.
"""

import asyncio
import functools
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from model.database.table import Base
from model.schema import prepare

GIVEN = os.environ.get("HOMEROOM_TEST_DATABASE_URL")
LOCAL = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
ANSWERS_WITHIN_S = 3

END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
"""


_HOLDING_ALL = (
    "users", "retired_usernames", "groups", "files", "blobs", "limits", "acts", "backups",
)  # fmt: skip
"""Whatever else there is goes with the rows of these tables."""


class SQLite:
    """A file for each stage, of which every test gets a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"sqlite+aiosqlite:///{folder / 'next.db'}"
        asyncio.run(prepare(self.url))

    def keep(self, stage: str) -> None:
        with closing(sqlite3.connect(self._folder / "next.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._folder / "next.db", self._folder / f"{stage}.db")

    def copy(self, stage: str, instance: Path) -> str:
        """The URL of the copy, which lies in an instance folder."""
        instance.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._folder / f"{stage}.db", instance / "app.db")
        return f"sqlite+aiosqlite:///{instance / 'app.db'}"


@functools.cache
def new_sqlite() -> bytes:
    """A file that is up to date, with nobody in it: all migrations take longer than a start."""
    with tempfile.TemporaryDirectory() as folder:
        SQLite(Path(folder)).keep("empty")
        return (Path(folder) / "empty.db").read_bytes()


class PostgreSQL:
    """One database, with a schema for each stage that has its rows."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"homeroom_test_{secrets.token_hex(6)}"
        self.url = _named(server, self._name)
        asyncio.run(_execute(server, f"CREATE DATABASE {self._name}"))
        no_disk_is_awaited = f"ALTER DATABASE {self._name} SET synchronous_commit = off"
        asyncio.run(_execute(server, no_disk_is_awaited))
        asyncio.run(prepare(self.url))
        self._connection = KeptConnection(self.url)

    def keep(self, stage: str) -> None:
        copies = [
            f"CREATE TABLE stage_{stage}.{name} AS SELECT {columns} FROM public.{name};"
            for name, columns in _tables()
        ]
        function = f"CREATE FUNCTION stage_{stage}.put_back() RETURNS void LANGUAGE plpgsql"
        body = f"AS $$ BEGIN {_put_back(stage)} END $$"
        kept = f"CREATE SCHEMA stage_{stage}; {''.join(copies)} {function} {body}"
        asyncio.run(_execute(self.url, kept))

    def put_back(self, stage: str) -> None:
        """Whoever is still connected is cut off; numbers are given out from the stage's on."""
        self._connection.execute(f"{END_THE_OTHERS} SELECT stage_{stage}.put_back()")

    @contextmanager
    def copy(self, stage: str) -> Iterator[str]:
        """A database of its own, for a test that changes more than rows; its URL."""
        self.put_back(stage)
        self._connection.close()  # nobody may be connected to what is copied
        name = f"{self._name}_copy"
        asyncio.run(_execute(self._server, f"CREATE DATABASE {name} TEMPLATE {self._name}"))
        try:
            yield _named(self._server, name)
        finally:
            asyncio.run(_execute(self._server, f"DROP DATABASE {name} WITH (FORCE)"))

    def drop(self) -> None:
        self._connection.end()
        asyncio.run(_execute(self._server, f"DROP DATABASE {self._name} WITH (FORCE)"))


@contextmanager
def new_postgresql() -> Iterator[str]:
    """The URL of a new database with nothing in it, not even tables."""
    server, name = require_postgresql(), f"homeroom_test_{secrets.token_hex(6)}"
    asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
    try:
        yield _named(server, name)
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


class KeptConnection:
    """A connection for one test after the other: a new one takes 20 ms to learn of all tables."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._open: Any = None

    def execute(self, statements: str) -> None:
        self._loop.run_until_complete(self._execute(statements))

    def close(self) -> None:
        """Until something is executed again."""
        if self._open:
            self._loop.run_until_complete(self._open.close())

    def end(self) -> None:
        self.close()
        self._loop.close()

    async def _execute(self, statements: str) -> None:
        if not self._open or self._open.is_closed():
            self._open = await _connected(self._url)
        await self._open.execute(statements)


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


def empty_running_sqlite(file: Path) -> None:
    """Takes everybody and everything out of the database of a server that goes on running.

    The log stays: its numbers are what the workers have read already.
    """
    with closing(sqlite3.connect(file, timeout=ANSWERS_WITHIN_S)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        for table in _HOLDING_ALL:
            database.execute(f"DELETE FROM {table}")


@functools.cache
def _tables() -> list[tuple[str, str]]:
    """Each with its columns, those that others refer to first."""
    return [
        (table.name, ", ".join(f'"{column.name}"' for column in table.columns))
        for table in Base.metadata.sorted_tables
    ]


def _put_back(stage: str) -> str:
    """What puts the rows of a stage back, for a function: there it is planned once."""
    tables = _tables()
    deleted = [f"DELETE FROM public.{name};" for name, _ in reversed(tables)]
    filled = [
        f"INSERT INTO public.{name} ({columns}) SELECT {columns} FROM stage_{stage}.{name};"
        for name, columns in tables
    ]
    numbered = [
        f"PERFORM setval(sequence, coalesce(max(id), 1), max(id) IS NOT NULL) FROM"
        f" pg_get_serial_sequence('public.{name}', 'id') AS sequence LEFT JOIN public.{name}"
        f" ON true WHERE sequence IS NOT NULL GROUP BY sequence;"
        for name, columns in tables
        if '"id"' in columns
    ]
    return "".join(deleted + filled + numbered)


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _connected(url: str) -> Any:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(plain, timeout=ANSWERS_WITHIN_S)


async def _execute(url: str, statements: str) -> None:
    connection = await _connected(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
