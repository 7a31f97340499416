"""A database on somebody's PostgreSQL server, for one run."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from api.prove.plan import Unfinished


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of a new database, dropped at the end. `server` names any existing database."""
    url = postgresql_url(server)
    name = f"homeroom_prove_{os.getpid()}_{secrets.token_hex(4)}"
    asked = url.render_as_string(hide_password=False)
    _execute(asked, f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(asked, f"DROP DATABASE {name} WITH (FORCE)")


def postgresql_url(server: str) -> URL:
    with suppress(ArgumentError):
        url = make_url(server)
        if url.get_backend_name() == "postgresql":
            return url.set(drivername="postgresql+asyncpg")
    raise Unfinished("--database must be like postgresql://user:password@host/name.")


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    try:
        asyncio.run(execute())
    except (OSError, DBAPIError) as error:
        raise Unfinished(f"PostgreSQL does not answer, or refuses: {error}") from None
