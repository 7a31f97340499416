"""Whether code and schema fit each other. What migrates is loaded when there is something to do.

The row of `schema` says up to which migration the database is (`head`) and the oldest code that can
still work on it (`oldest_code`), so that old and new run side by side during a deployment.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column

from model.database.address import database_address
from model.database.engine import Patience, postgresql_engine
from model.database.row import AnyRow
from model.database.server import Server
from model.database.table import Base
from model.database.unit_of_work import Database, Transaction
from model.log.event import Epochs, epoch_name

_MIGRATIONS = Path(__file__).parent / "migrations" / "versions"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_POSTGRESQL_LOCK = 0x686F6D65  # any number that nobody else takes: "home"
_LOCKED_FOR_AT_MOST_S = 60
_MIGRATES_FOR_AT_MOST_S = 3600  # a statement, or what is computed between two of them


class Schema(Base):
    __tablename__ = "schema"
    id: Mapped[int] = mapped_column(primary_key=True)
    head: Mapped[str]
    oldest_code: Mapped[str]


_SCHEMA_ROW = select(Schema.head, Schema.oldest_code)
_HEAD = select(Schema.head)


async def find_head(db: Transaction) -> str:
    """The number of the migration up to which the database is."""
    return str(await db.scalar_one(_HEAD))


MOVED, COMING = "moved to ", "coming from "
"""With these `oldest_code` begins where the log goes on elsewhere, or does not go on yet.

They are greater than any number, so that no code starts there, however old it is.
"""


class SchemaMismatch(Exception):
    """The code and the schema are too far apart to work together."""


async def prepare(url: str | URL, *, lossy: bool = False) -> None:
    """Bring the database up to this code, one process at a time. Raises SchemaMismatch.

    `lossy` says that a power cut may take commits with it (HOMEROOM_DURABILITY=process). After an
    unclean stop, under another boot, the numbers of lost events are given out again: then a new
    epoch begins.
    """
    async with migrated(url) as connection:
        await connection.run_sync(_name_epoch, lossy)


@asynccontextmanager
async def migrated(
    url: str | URL, *, first: Callable[[AsyncConnection], Awaitable[None]] | None = None
) -> AsyncIterator[AsyncConnection]:
    """A transaction that brings the database up to this code, and is committed at the end.

    What is to be done `first` is done in it. In a new database there is no epoch then. Raises
    SchemaMismatch.
    """
    async with locked(url) as connection:
        if first:
            await first(connection)
        await connection.run_sync(_migrate)
        yield connection


async def check(database: Database) -> None:
    """Raises SchemaMismatch unless this code can work on the database as it is."""
    async with database.read() as db:
        _fit(await db.first(_SCHEMA_ROW))


async def note_clean_stop(url: str | URL) -> None:
    """Note that nothing is lost: the next start needs no new epoch."""
    async with locked(url) as connection:
        await connection.execute(update(Epochs).values(running_boot=None))


async def new_migration(url: str | URL, message: str) -> Path:
    """Write the next migration: what the tables in the code have and the database has not."""
    from model import migration  # noqa: PLC0415 - loads Alembic

    number = f"{int(code_head()) + 1:04}"
    async with locked(url) as connection:
        return await connection.run_sync(migration.write, message, number)


@cache
def code_head() -> str:
    """The number of the last migration, with which the names of their files begin."""
    return max(file.name[:4] for file in _MIGRATIONS.glob("[0-9]*.py"))


@asynccontextmanager
async def locked(url: str | URL) -> AsyncIterator[AsyncConnection]:
    """A transaction in which nobody else migrates, and which enforces no foreign keys yet."""
    parsed = database_address(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        options = {"isolation_level": None, "timeout": _LOCKED_FOR_AT_MOST_S}
        engine = create_async_engine(parsed, connect_args=options, hide_parameters=True)
    else:
        longest = _MIGRATES_FOR_AT_MOST_S
        patience = Patience(_LOCKED_FOR_AT_MOST_S, statement_s=longest, next_s=longest)
        engine = postgresql_engine(parsed, "READ COMMITTED", Server(), patience)
    try:
        async with engine.connect() as connection:
            if is_sqlite:
                await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK}
                )
            yield connection
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> None:
    row = schema_row(connection)
    head = code_head()
    if row is not None and (row.head >= head or row.oldest_code > head):
        return _fit(row)
    from model import migration  # noqa: PLC0415 - loads Alembic

    oldest = migration.upgrade(connection)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        assert not broken, f"a migration left rows without what they refer to: {broken}"
    values = {"head": head, "oldest_code": oldest}
    statement = insert(Schema).values(id=1, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[Schema.id], set_=values))
    return None


def describe_schema(connection: Connection) -> str:
    """How the database fits this code, in words. Raises SchemaMismatch."""
    row = schema_row(connection)
    if row is None:
        return "no tables yet, which the next start makes"
    if row.head < code_head() and row.oldest_code <= code_head():
        return f"schema {row.head}, which the next start brings up to {code_head()}"
    _fit(row)
    return f"schema {row.head}"


def schema_row(connection: Connection) -> AnyRow | None:
    if not inspect(connection).has_table(Schema.__tablename__):
        return None
    return connection.execute(_SCHEMA_ROW).first()


def _fit(row: AnyRow | None) -> None:
    head = code_head()
    if row is not None and row.oldest_code.startswith(MOVED):
        raise SchemaMismatch(f"The database has {row.oldest_code}: use that one.")
    if row is not None and row.oldest_code.startswith(COMING):
        raise SchemaMismatch("The database is not whole: repeat the `copy-to` that it comes by.")
    if row is None or row.head < head:
        raise SchemaMismatch("The database is older than this code: run `python main.py` once.")
    if row.oldest_code > head:
        raise SchemaMismatch(f"The database needs newer code: {row.oldest_code}, this is {head}.")


def _name_epoch(connection: Connection, lossy: bool) -> None:
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else secrets.token_hex(8)
    row = connection.execute(select(Epochs.name, Epochs.running_boot)).first()
    unclean = row is not None and row.running_boot not in {None, boot}
    name = epoch_name() if row is None or unclean else row.name
    values = {"name": name, "running_boot": boot if lossy else None}
    statement = insert(Epochs).values(id=1, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[Epochs.id], set_=values))
