"""A database on somebody's PostgreSQL server, for one run."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from api.prove.plan import Unfinished
from model.database.address import database_address, driver_options, without_driver_options


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of a new database, dropped at the end. `server` names any existing database."""
    url = postgresql_url(server)
    name = f"homeroom_prove_{os.getpid()}_{secrets.token_hex(4)}"
    _execute(url, f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def postgresql_url(server: str) -> URL:
    try:
        url = database_address(server)
    except ValueError as error:
        raise Unfinished(f"--database: {error}.") from None
    if url.get_backend_name() != "postgresql":
        raise Unfinished("--database: it must be like postgresql://user:password@host/name.")
    return url


def _execute(url: URL, statement: str) -> None:
    async def execute() -> None:
        engine = create_async_engine(
            without_driver_options(url),
            connect_args=driver_options(url),
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    try:
        asyncio.run(execute())
    except (OSError, DBAPIError) as error:
        raise Unfinished(f"PostgreSQL does not answer, or refuses: {error}") from None
