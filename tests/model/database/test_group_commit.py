"""Units of work that wait for each other on SQLite are committed together, or not at all."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from sqlalchemy import select, text

from model.database import group
from model.database.failure import StatementFailed
from model.database.unit_of_work import Database, Transaction
from model.errors import Conflict, StorageFull, TryAgain
from model.log.event import Events, record, write_events
from tests.support.server import ROOT

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TOPIC = "channel:1"
ORPHAN = text(
    "INSERT INTO sessions (user_id, token_sha256, agent, created_at, expires_at)"
    " VALUES (999, '-', '-', '2026-01-01', '2026-01-01')"
)
LONG = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
    " SELECT max(i) FROM n"
)


@pytest.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """However slow the machine is, whoever waits comes into the same group."""
    monkeypatch.setattr(group, "_TURNS_WITHIN_S", 60)
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


async def act(database: Database, number: int, topic: str = TOPIC) -> None:
    async with database.write() as db:
        happen(db, number, topic)


def happen(db: Transaction, number: int, topic: str = TOPIC, about: str | None = None) -> None:
    record(db, topic, "thing.done", {"number": number}, by=number, about=about)


async def waits(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """The work, when it waits for its turn."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def done(database: Database) -> list[int | None]:
    """Who has acted, as the log says, whose numbers have no gap."""
    async with database.read() as db:
        rows = await db.all(select(Events.seq, Events.by).order_by(Events.seq))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.by for row in rows]


async def test_who_waits_is_committed_together_and_told_of_once(database: Database) -> None:
    told: list[set[str]] = []
    database.committed = lambda topics: told.append(set(topics))
    async with database.write() as db:
        happen(db, 0)
        others = [await waits(act(database, n, f"channel:{n}")) for n in range(2, 6)]
    await asyncio.gather(*others)
    assert told == [{f"channel:{n}" for n in range(1, 6)}]


async def test_nobody_is_answered_before_the_commit(database: Database) -> None:
    async with database.write() as db:
        happen(db, 0)
        second = await waits(act(database, 1))

        async def look() -> None:
            async with database.write():
                assert await done(database) == []
                assert not second.done()

        third = await waits(look())
    await asyncio.gather(second, third)
    assert await done(database) == [0, 1]


async def test_who_refuses_changes_nothing_and_takes_no_number(database: Database) -> None:
    async def refuse() -> None:
        async with database.write() as db:
            happen(db, 1)
            await write_events(db)
            raise Conflict("taken", "It is taken.")

    async with database.write() as db:
        happen(db, 0)
        refusing, other = await waits(refuse()), await waits(act(database, 2))
    with pytest.raises(Conflict):
        await refusing
    await other
    assert await done(database) == [0, 2]


async def test_who_is_cancelled_while_she_waits_holds_nobody_up(database: Database) -> None:
    async with database.write() as db:
        happen(db, 0)
        waiting = [await waits(act(database, n)) for n in range(1, 4)]
        waiting[0].cancel()
        waiting[2].cancel()
    await asyncio.wait(waiting, timeout=10)
    assert [task.cancelled() for task in waiting] == [True, False, True]
    assert await done(database) == [0, 2]


async def test_who_is_cancelled_in_her_turn_changes_nothing(database: Database) -> None:
    has_begun = asyncio.Event()

    async def stop() -> None:
        async with database.write() as db:
            happen(db, 1)
            await write_events(db)
            has_begun.set()
            await asyncio.Event().wait()

    async def begin() -> None:
        async with database.write() as db:
            happen(db, 0)
            others.extend([await waits(stop()), await waits(act(database, 2))])

    others: list[asyncio.Task[None]] = []
    beginning = await waits(begin())
    await has_begun.wait()
    others[0].cancel()
    await asyncio.gather(beginning, others[1])
    assert await done(database) == [0, 2]


async def test_a_session_that_is_cancelled_in_a_statement_takes_no_answered_change_with_it(
    database: Database,
) -> None:
    """SQLAlchemy ends its connection, and with it all that is not committed."""
    has_begun = asyncio.Event()

    async def stop() -> None:
        async with database.write() as db:
            await db.session.execute(select(1))
            has_begun.set()
            await db.session.execute(LONG)

    async def begin() -> None:
        async with database.write() as db:
            happen(db, 0)
            others.extend([await waits(stop()), await waits(act(database, 2))])

    others: list[asyncio.Task[None]] = []
    beginning = await waits(begin())
    await has_begun.wait()
    others[0].cancel()
    await asyncio.wait([beginning, *others], timeout=10)
    answered = [n for n, task in ((0, beginning), (2, others[1])) if not task.exception()]
    assert await done(database) == answered
    await act(database, 3)
    assert await done(database) == [*answered, 3]


async def test_who_leaves_before_the_commit_takes_nothing_back(database: Database) -> None:
    async with database.write() as db:
        happen(db, 0)
        leaving, other = await waits(act(database, 1)), await waits(act(database, 2))

        async def dismiss() -> None:
            async with database.write():
                leaving.cancel()

        dismissing = await waits(dismiss())
    await asyncio.gather(other, dismissing)
    assert leaving.cancelled()
    assert await done(database) == [0, 1, 2]


async def test_who_waits_too_long_is_told_to_try_again_and_the_others_are_committed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.write() as db:
        happen(db, 0)
        patient = await waits(act(database, 1))
        monkeypatch.setattr(group, "NOBODY_FREE_AFTER_S", 0.01)
        hurried = await waits(act(database, 2))
        with pytest.raises(TryAgain):
            await hurried
    await patient
    assert await done(database) == [0, 1]


async def test_a_text_that_is_deleted_in_the_same_commit_is_not_in_the_log(
    database: Database,
) -> None:
    async def delete() -> None:
        async with database.write() as db:
            record(db, TOPIC, "thing.deleted", {}, by=1, scrubs=["thing:7"])

    async with database.write() as db:
        happen(db, 0, about="thing:7")
        deleting = await waits(delete())
    await deleting
    async with database.read() as db:
        assert await db.scalar(select(Events.data)) == '{"id":7,"gone":true}'


async def test_a_commit_that_fails_fails_for_all(database: Database) -> None:
    """Also for who was refused: what she was refused for is not so."""

    async def break_it() -> None:
        async with database.write() as db:
            await db.run(text("PRAGMA defer_foreign_keys = ON"))
            await db.run(ORPHAN)

    async def refuse() -> None:
        async with database.write():
            raise Conflict("taken", "Somebody has it, who is not committed yet.")

    async def begin() -> None:
        async with database.write() as db:
            happen(db, 0)
            all_.extend([await waits(break_it()), await waits(refuse())])

    all_: list[asyncio.Task[None]] = []
    all_.append(await waits(begin()))
    await asyncio.wait(all_)
    await asyncio.wait(all_)
    assert [type(task.exception()) for task in all_] == [StatementFailed] * 3
    assert await done(database) == []
    await act(database, 1)
    assert await done(database) == [1]


async def test_when_the_database_undoes_all_of_it_all_are_told(database: Database) -> None:
    async def fill() -> None:
        async with database.write() as db:
            pages = await db.scalar(text("PRAGMA page_count"))
            await db.scalar(text(f"PRAGMA max_page_count = {pages}"))
            for number in range(1000):
                happen(db, number, about="x" * 5000)
            await write_events(db)

    async def begin() -> None:
        async with database.write() as db:
            happen(db, 0)
            others.extend([await waits(fill()), await waits(act(database, 2))])

    others: list[asyncio.Task[None]] = []
    beginning = await waits(begin())
    await asyncio.wait([beginning])
    filling, last = others
    with pytest.raises(StorageFull):
        await filling
    if beginning.exception():  # else SQLite undid the statement alone
        with pytest.raises(TryAgain):
            await beginning
        assert 0 not in await done(database)
    else:
        assert 0 in await done(database)
    async with database.write() as db:
        await db.scalar(text("PRAGMA max_page_count = 1000000"))
    await asyncio.wait([last])
    await act(database, 3)
    assert await done(database)


async def test_when_the_loop_ends_everybody_is_cancelled(database: Database) -> None:
    async def end(before: set[asyncio.Task[Any]]) -> None:
        async with database.write() as db:
            happen(db, 0)
            for task in asyncio.all_tasks() - before:
                task.cancel()

    units = [await waits(end(asyncio.all_tasks())), await waits(act(database, 1))]
    await asyncio.wait(units)
    assert [unit.cancelled() for unit in units] == [True, True]
    assert await done(database) == []


async def test_what_comes_and_goes_at_random_leaves_no_gap_and_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    kept: set[int] = set()

    async def write(number: int) -> None:
        async with database.write() as db:
            happen(db, number)
            if number % 5 == 0:
                raise Conflict("no", "No.")
        kept.add(number)

    tasks = []
    for number in range(300):
        tasks.append(asyncio.create_task(write(number)))
        if random.random() < 0.3:
            random.choice(tasks).cancel()
        await asyncio.sleep(random.choice([0, 0, 0.001]))
    await asyncio.wait(tasks, timeout=30)
    logged = await done(database)
    assert kept <= set(logged), "what was answered is in the log"
    assert len(logged) == len(set(logged))
    assert not any(number % 5 == 0 for number in logged if number is not None)


OTHER_PROCESS = """
import asyncio, sys
from model.database.unit_of_work import Database
from model.log.event import record, write_events

async def write() -> None:
    database = Database(sys.argv[1], before_commit=write_events)
    for _ in range(20):
        async with database.write() as db:
            record(db, "channel:1", "thing.done", {}, by=1)
    await database.close()

asyncio.run(write())
"""


async def test_another_process_is_not_starved(database_url: str) -> None:
    """Its turn comes after a few groups of a process in which somebody always waits.

    It takes more than a second: another Python is started.
    """
    database = Database(database_url, before_commit=write_events)
    is_over = False

    async def write() -> None:
        while not is_over:
            await act(database, 0)

    writers = [asyncio.create_task(write()) for _ in range(32)]
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OTHER_PROCESS, database_url, cwd=ROOT
    )
    assert await other.wait() == 0
    is_over = True
    await asyncio.gather(*writers)
    turns = [place for place, by in enumerate(await done(database)) if by == 1]
    await database.close()
    assert len(turns) == 20
    assert turns[-1] - turns[0] < 20 * 2 * group.MOST_UNITS
