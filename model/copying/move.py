"""Moves everything into another database, where the epoch lives on: nobody has to fetch anew.

There are three commits, and whoever is killed between two of them repeats the whole. First the copy
is there, and nothing starts on it; then the source has gone, and nothing starts on either; then the
copy lives. While it is copied nobody can write to the source, whatever code he runs.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from model.copying.copy import copy_rows, file_of, new_rows
from model.copying.life import Life, coming_from, find_life, moving_away, settle
from model.copying.postgresql import alone_in_postgresql
from model.copying.rows import CannotCopy, Rows, all_tables
from model.copying.sqlite import alone_in_sqlite, remove_sqlite_file
from model.database.lock import exclusive
from model.schema import locked, prepare


async def move(source: URL, target: URL, instance: Path, told: Callable[[int], None]) -> None:
    """Move everything, or finish what an earlier attempt has begun; `instance` is the source's.

    `told` is called with what percentage is copied, now and then. Raises CannotCopy, InUse, and
    SchemaMismatch when this code cannot work on the source.
    """
    if place_of(source) == place_of(target):
        raise CannotCopy(
            f"{place_of(source)} is where everything comes from, as HOMEROOM_DATABASE_URL says: set"
            " that to the database that has everything now, and to nothing for SQLite."
        )
    if await _life(source) is None:
        raise CannotCopy(f"There is no database at {place_of(source)}.")
    async with AsyncExitStack() as held:
        for address in (source, target):
            if address == source or address.get_backend_name() == "postgresql":
                await held.enter_async_context(exclusive(address, instance))
        await _move(source, target, told)


async def _move(source: URL, target: URL, told: Callable[[int], None]) -> None:
    here = await _life(source)
    assert here
    if here.moved_to is None:
        await prepare(source)
        await _copy(source, target, told)
        here = await _life(source)
        assert here
    there = await _life(target)
    if there is None or there.epoch != here.epoch or there.moved_to:
        raise CannotCopy(f"The database has moved to {here.moved_to} already.")
    await settle(target, here.epoch)


async def _copy(source: URL, target: URL, told: Callable[[int], None]) -> None:
    """Make the copy, and then let the source be gone: each is a commit."""
    here, there = await _life(source), await _life(target)
    assert here
    if there is not None and there.is_coming and there.epoch == here.epoch:
        await _forget(target)  # the source may have changed since
    async with _alone(source) as old:
        async with new_rows(target) as new:
            await copy_rows(old, new, told)
            await new.run(coming_from(here.epoch))
        await old.run(moving_away(place_of(target)))


def place_of(url: URL) -> str:
    """The address of a database as people may see it, without a password."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{file_of(url).absolute()}"
    query = {name: url.query[name] for name in ("host", "port") if name in url.query}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return shown.render_as_string()


def _alone(source: URL) -> AbstractAsyncContextManager[Rows]:
    if source.get_backend_name() == "sqlite":
        return alone_in_sqlite(file_of(source))
    return alone_in_postgresql(source)


async def _life(url: URL) -> Life | None:
    if url.get_backend_name() == "sqlite" and not file_of(url).exists():
        return None
    return await find_life(url)


async def _forget(copy: URL) -> None:
    """Remove a copy on which nothing has started."""
    if copy.get_backend_name() == "sqlite":
        remove_sqlite_file(file_of(copy))
        return
    async with locked(copy) as connection:
        await connection.run_sync(_empty)


def _empty(connection: Connection) -> None:
    there = set(inspect(connection).get_table_names())
    format_table = connection.dialect.identifier_preparer.format_table
    names = [format_table(table) for table in all_tables() if table.name in there]
    connection.execute(text(f"TRUNCATE {', '.join(names)}"))
