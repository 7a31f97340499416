"""Units of work: all or nothing, one snapshot, and no lock left behind by whoever is cancelled."""

import asyncio
import gc
import random
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from threading import enumerate as all_threads
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text

from model.channel import Channels
from model.database.engine import Patience
from model.database.failure import StatementFailed
from model.database.table import now
from model.database.unit_of_work import READERS, Database, Transaction
from model.errors import DiskFailed, StorageFull, TooSlow, TryAgain
from model.log.event import write_events
from model.session import Sessions
from model.user import Users, create_user
from tests.support.cast import Stages
from tests.support.databases import SQLite
from tests.support.people import private_channel


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


COUNTED = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n{}) SELECT max(i) FROM n"
ENDLESS = text(COUNTED.format(""))


async def count(db: Transaction) -> int:
    return await db.scalar_one(select(func.count()).select_from(Users))


async def test_what_fails_in_the_middle_changes_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with database.write() as db:
            await create_user(db, "ann", "Ann", "-")
            raise RuntimeError("in the middle")
    async with database.read() as db:
        assert await count(db) == 0


async def test_a_snapshot_does_not_see_what_is_committed_meanwhile(database: Database) -> None:
    async with database.read() as before:
        assert await count(before) == 0
        async with database.write() as db:
            await create_user(db, "ann", "Ann", "-")
        assert await count(before) == 0
    async with database.read() as after:
        assert await count(after) == 1


async def test_whoever_is_done_can_do_nothing_on_the_connection_of_others(
    database: Database,
) -> None:
    for unit in (database.read(), database.write()):
        async with unit as db:
            assert await count(db) == 0
            assert await db.session.scalar(select(1)) == 1
        with pytest.raises(AttributeError):
            await count(db)
        with pytest.raises(AttributeError):
            await db.session.scalar(select(1))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(StatementFailed, match="ReadOnly"):
        async with database.read() as db:
            await create_user(db, "ann", "Ann", "-")


# aiosqlite leaves a connection that is cancelled while it opens to the garbage collector
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
async def test_cancelled_writers_leave_no_lock_behind(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as db:
            await create_user(db, f"user{number}", "User", "-")
            await db.scalar(select(func.count()).select_from(Users))

    for number in range(100):
        writing = asyncio.create_task(write(number))
        await asyncio.sleep(random.uniform(0, 0.004))
        writing.cancel()
        await asyncio.wait([writing])
    async with asyncio.timeout(5):
        async with database.write() as db:
            await create_user(db, "last", "Last", "-")
    gc.collect()


@pytest.mark.own_database  # it makes a table
async def test_concurrent_read_modify_writes_are_all_kept(database: Database) -> None:
    async with database.write() as db:
        await db.run(text("CREATE TABLE counters (n INTEGER NOT NULL)"))
        await db.run(text("INSERT INTO counters VALUES (0)"))
    lock = "" if database.is_sqlite else " FOR UPDATE"

    async def add_one() -> None:
        async with database.write() as db:
            value = await db.scalar(text(f"SELECT n FROM counters{lock}"))
            await db.run(text("UPDATE counters SET n = :n"), n=value + 1)

    await asyncio.gather(*(add_one() for _ in range(50)))
    async with database.read() as db:
        assert await db.scalar(text("SELECT n FROM counters")) == 50


LONG = text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000000)"
    " SELECT count(*) FROM n"
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_long_read_leaves_the_event_loop_free_and_keeps_its_snapshot(
    database: Database,
) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    async with database.read() as db:
        assert await db.scalar(LONG) == 3_000_000
        took = time.perf_counter() - began
        assert await count(db) == 0
    watching.cancel()
    assert longest < took / 4


async def test_a_database_that_is_gone_says_try_again() -> None:
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", before_commit=write_events)
    with pytest.raises(TryAgain):
        async with database.read() as db:
            await count(db)
    await database.close()


async def test_a_database_that_hangs_up_while_it_is_called_says_try_again() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # whether it speaks TLS
        writer.write(b"N")
        await reader.read(100)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"postgresql+asyncpg://nobody@127.0.0.1:{port}/none"
        database = Database(url, before_commit=write_events)
        for unit in (database.read, database.write):
            with pytest.raises(TryAgain):
                async with unit() as db:
                    await count(db)
        await database.close()


async def test_what_refers_to_a_row_that_is_not_there_is_not_told_to_try_again(
    database: Database,
) -> None:
    form = {"token_sha256": "-", "agent": "-", "created_at": now(), "expires_at": now()}
    with pytest.raises(StatementFailed):
        async with database.write() as db:
            await db.run(insert(Sessions), user_id=999, **form)


async def test_a_full_disk_is_said_and_changes_nothing(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)
    with pytest.raises(StorageFull):
        async with database.write() as db:
            pages = await db.scalar(text("PRAGMA page_count"))
            await db.scalar(text(f"PRAGMA max_page_count = {pages}"))
            for n in range(1000):
                await create_user(db, f"user{n}", "x" * 100, "-")
    async with database.read() as db:
        assert await count(db) == 0
    await database.close()


async def test_a_read_that_takes_too_long_ends_and_leaves_its_reader_to_others(
    database_url: str,
) -> None:
    patience = Patience(lock_s=1, statement_s=0.2)
    database = Database(database_url, before_commit=write_events, patience=patience)
    async with asyncio.timeout(20):
        for _ in range(READERS + 1):
            with pytest.raises(TooSlow):
                async with database.read() as db:
                    db.end_within(0.05)
                    await db.all(ENDLESS)
        async with database.read() as db:
            assert await count(db) == 0
    await database.close()


async def test_a_read_whose_reader_is_cancelled_ends_too(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)

    async def read() -> None:
        async with database.read() as db:
            await db.all(ENDLESS)

    async with asyncio.timeout(20):
        for _ in range(READERS + 1):
            reading = asyncio.create_task(read())
            await asyncio.wait([reading], timeout=0.1)
            reading.cancel()
            await asyncio.wait([reading])
        async with database.read() as db:
            assert await count(db) == 0
    await database.close()


def test_whoever_is_cancelled_while_connecting_leaves_no_thread_behind(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    """One that outlives the event loop has nobody to tell that it is connected."""
    url = sqlite.database.copy("empty", tmp_path)

    async def read(database: Database) -> None:
        async with database.read() as db:
            await count(db)

    async def begin_to_read(turns: int) -> None:
        database = Database(url, before_commit=write_events)
        reading = asyncio.create_task(read(database))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        await database.close()

    for turns in range(12):
        asyncio.run(begin_to_read(turns))
        for thread in all_threads():
            if "_connection_worker_thread" in thread.name:
                thread.join(timeout=10)


async def test_a_write_is_never_interrupted(tmp_path: Path, sqlite: Stages[SQLite]) -> None:
    """SQLite would roll back its whole transaction, not the statement alone."""
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)
    async with database.write() as db:
        db.end_within(0.01)
        assert await db.scalar(text(COUNTED.format(" WHERE i < 500000"))) == 500_000
        await create_user(db, "ann", "Ann", "-")
    async with database.read() as db:
        assert await count(db) == 1
    await database.close()


async def test_a_read_once_has_one_select(database: Database) -> None:
    async with database.read(once=True) as db:
        assert await count(db) == 0
        with pytest.raises(RuntimeError):
            await count(db)
    with pytest.raises(RuntimeError):
        async with database.read(once=True) as db:
            await create_user(db, "ann", "Ann", "-")


async def test_what_may_take_long_leaves_the_event_loop_free(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    """What deletes the rows of others, many rows and the COMMIT; not what changes one row."""
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)
    traced: dict[str, bool] = {}
    here = get_ident()

    def note(sql: str) -> None:
        traced.setdefault(sql, get_ident() == here)

    async with database.write() as db:
        await private_channel(db)
        opened: Any = (await db.connection.sqlalchemy.get_raw_connection()).driver_connection
        opened._conn.set_trace_callback(note)
        await create_user(db, "one", "One", "-")
        await db.run(delete(Channels))
        await db.run_for_each(text("DELETE FROM limits WHERE key = :key"), [{"key": "-"}] * 100)
    await database.close()

    def is_here(beginning: str) -> bool:
        return next(was_here for sql, was_here in traced.items() if sql.startswith(beginning))

    assert is_here("INSERT INTO users")
    assert not is_here("DELETE FROM channels")
    assert not is_here("DELETE FROM limits")
    assert not is_here("COMMIT")


async def test_a_disk_that_fails_is_said_and_nothing_has_to_be_restarted(
    tmp_path: Path, sqlite: Stages[SQLite]
) -> None:
    database = Database(sqlite.database.copy("empty", tmp_path), before_commit=write_events)
    file, away = tmp_path / "app.db", tmp_path / "away.db"
    file.rename(away)  # as if it were unmounted
    for unit in (database.read, database.write):
        with pytest.raises(DiskFailed):
            async with unit() as db:
                await count(db)
    assert not file.exists(), "an empty one was made"
    away.rename(file)
    async with database.write() as db:
        await create_user(db, "ann", "Ann", "-")
    async with database.read() as db:
        assert await count(db) == 1
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))  # what is longer cannot be written
    try:
        with pytest.raises(DiskFailed):
            async with database.write() as db:
                await create_user(db, "bob", "Bob", "-")
        async with database.read() as db:
            assert await count(db) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    async with database.write() as db:
        await create_user(db, "bob", "Bob", "-")
        assert await count(db) == 2
    await database.close()
