"""SQLAlchemy's session: in the transaction of the unit of work, with our own operations."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError, InvalidRequestError, UnboundExecutionError

from model.database.failure import StatementFailed
from model.database.table import now
from model.database.unit_of_work import READERS, Database
from model.errors import TryAgain
from model.log.event import ADMIN_TOPIC, Events, Rights, judge_again, record, write_events
from model.user import ServerRole, Users, create_user

NUMBER = select(func.count()).select_from(Users)
NAMES = select(Users.name).order_by(Users.id)
BY_FIVES = select(Users).order_by(Users.id).execution_options(yield_per=5)
ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    before = set(threading.enumerate())
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()
    async with asyncio.timeout(5):  # a connection that was given up has a thread that still ends
        while not before.issuperset(threading.enumerate()):
            await asyncio.sleep(0.001)


def user(username: str) -> Users:
    return Users(
        username=username,
        username_key=username,
        name=username.title(),
        password_hash="-",
        role=ServerRole.MEMBER,
        active=True,
        created_at=now(),
    )


async def names(database: Database) -> list[str]:
    async with database.read() as db:
        return [row.name for row in await db.all(NAMES)]


async def test_what_the_session_adds_our_statements_see_and_the_other_way_round(
    database: Database,
) -> None:
    async with database.write() as db:
        db.session.add(user("ann"))
        assert await db.scalar(NUMBER) == 1
        bob_id = (await create_user(db, "bob", "Bob", "-")).id
        bob = await db.session.get_one(Users, bob_id)
        assert bob.name == "Bob"
        bob.name = "Robert"
        assert [row.name for row in await db.all(NAMES)] == ["Ann", "Robert"]
        bob.name = "Rob"
        await db.run(update(Users).values(active=False))
        assert await db.session.scalar(NUMBER) == 2
    assert await names(database) == ["Ann", "Rob"]


async def test_what_fails_in_the_middle_takes_back_what_the_session_did(
    database: Database,
) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        async with database.write() as db:
            db.session.add(user("ann"))
            await db.session.flush()
            await create_user(db, "bob", "Bob", "-")
            raise RuntimeError("in the middle")
    assert await names(database) == []


async def test_the_session_can_take_back_its_own_part(database: Database) -> None:
    async with database.write() as db:
        await create_user(db, "ann", "Ann", "-")
        db.session.add(user("bob"))
        await db.session.flush()
        await db.session.rollback()
        db.session.add(user("mia"))
    assert await names(database) == ["Ann", "Mia"]


async def test_what_the_session_takes_back_is_not_in_the_log(database: Database) -> None:
    """Neither are the rows of our own operations within."""
    async with database.write() as db:
        await create_user(db, "ann", "Ann", "-")
        with suppress(RuntimeError):
            async with db.session.begin_nested():
                await create_user(db, "bob", "Bob", "-")
                judge_again(db, Rights(), forget=["group:1"])
                raise RuntimeError
        await create_user(db, "mia", "Mia", "-")
        await db.session.commit()
        await create_user(db, "eve", "Eve", "-")
        await db.session.scalar(NUMBER)
        await create_user(db, "ron", "Ron", "-")
        await db.session.rollback()
    async with database.read() as db:
        topics = [row.topic for row in await db.all(select(Events.topic))]
    assert await names(database) == ["Ann", "Mia", "Eve"]
    assert topics == [ADMIN_TOPIC] * 3


async def test_a_refused_row_can_be_handled_within_a_savepoint(database: Database) -> None:
    async with database.write() as db:
        await create_user(db, "ann", "Ann", "-")
        with pytest.raises(IntegrityError):
            async with db.session.begin_nested():
                db.session.add(user("ann"))
        db.session.add(user("bob"))
    assert await names(database) == ["Ann", "Bob"]


async def test_an_event_is_committed_with_what_the_session_changed(database: Database) -> None:
    told: list[object] = []
    database.committed = told.extend
    async with database.write() as db:
        db.session.add(user("ann"))
        record(db, ADMIN_TOPIC, "user.created", {"id": 1}, by=None)
    async with database.read() as db:
        assert await db.scalar(select(Events.kind)) == "user.created"
        (event,) = await db.session.scalars(select(Events))
    assert (event.topic, event.seq) == (ADMIN_TOPIC, 1)
    assert told == [ADMIN_TOPIC]


async def test_rows_stay_readable_after_their_unit_of_work(database: Database) -> None:
    async with database.write() as db:
        ann = user("ann")
        db.session.add(ann)
    assert ann.id > 0
    async with database.read() as db:
        ann = await db.session.get_one(Users, ann.id)
    assert (ann.name, ann.created_at.tzinfo) == ("Ann", now().tzinfo)


async def test_a_session_ends_with_its_unit_of_work(database: Database) -> None:
    """Who has its connection then would commit what it does."""
    for unit in (database.read, database.write):
        async with unit() as db:
            session = db.session
            await session.scalar(NUMBER)
        session.add(user("late"))
        with pytest.raises(UnboundExecutionError):
            await session.commit()
    assert await names(database) == []


async def test_a_connection_that_a_session_closes_is_replaced(database: Database) -> None:
    with pytest.raises(InvalidRequestError):
        async with database.write() as db:
            await (await db.session.connection()).close()
    async with database.write() as db:
        db.session.add(user("ann"))
    assert await names(database) == ["Ann"]


async def test_many_rows_can_be_streamed(database: Database) -> None:
    async with database.write() as db:
        db.session.add_all(user(f"user{number}") for number in range(200))
    async with database.read() as db:
        found = await db.session.stream_scalars(select(Users).order_by(Users.id))
        usernames = [row.username async for row in found]
    assert usernames == [f"user{number}" for number in range(200)]


async def test_a_stream_left_open_keeps_no_old_snapshot(database: Database) -> None:
    async with database.write() as db:
        db.session.add_all(user(f"user{number}") for number in range(200))
    left_open = []
    for unit in (database.read, database.write):
        async with unit() as db:
            left_open.append(await db.session.stream_scalars(BY_FIVES))
            assert (await anext(left_open[-1])).name == "User0"
    async with database.write() as db:
        db.session.add(user("last"))
    assert (await names(database))[-1] == "Last"


async def test_what_the_session_violates_is_said_without_values(database: Database) -> None:
    async with database.write() as db:
        db.session.add(user("ann"))
    with pytest.raises(StatementFailed) as failed:
        async with database.write() as db:
            db.session.add(user("ann"))
    assert "username_key" in str(failed.value)
    assert "ann" not in str(failed.value)
    assert await names(database) == ["Ann"]


async def test_a_session_that_reads_cannot_write(database: Database) -> None:
    for is_flushed in (True, False):
        with pytest.raises(StatementFailed):
            async with database.read() as db:
                db.session.add(user("ann"))
                if is_flushed:
                    await db.session.flush()
    assert await names(database) == []


async def test_a_session_sees_one_snapshot(database: Database) -> None:
    async with database.read() as before:
        assert await before.session.scalar(NUMBER) == 0
        async with database.write() as db:
            db.session.add(user("ann"))
        assert await before.session.scalar(NUMBER) == 0
    assert await names(database) == ["Ann"]


async def test_a_cancelled_session_leaves_no_lock_behind(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.write() as db:
            db.session.add(user(f"user{number}"))
            await db.session.flush()
            await db.all(NAMES)
            await db.session.scalar(NUMBER)

    for number in range(40):
        writing = asyncio.create_task(write(number))
        await asyncio.wait([writing], timeout=number / 4000)
        writing.cancel()
        await asyncio.wait([writing])
    async with asyncio.timeout(5), database.write() as db:
        db.session.add(user("last"))
    assert (await names(database))[-1] == "Last"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_cancelled_session_takes_no_more_than_its_group_with_it(
    database: Database,
) -> None:
    answered = set[str]()

    async def write(username: str) -> None:
        with suppress(TryAgain):
            async with database.write() as db:
                await create_user(db, username, username, "-")
            answered.add(username)

    async def write_with_session(username: str) -> None:
        async with database.write() as db:
            db.session.add(user(username))
            await db.session.flush()
            await db.session.scalar(NUMBER)

    async with asyncio.timeout(20):
        for number in range(20):
            leaving = asyncio.create_task(write_with_session(f"leaving{number}"))
            staying = [asyncio.create_task(write(f"user{number}of{n}")) for n in range(4)]
            await asyncio.wait([leaving], timeout=number / 2000)
            leaving.cancel()
            await asyncio.wait([leaving, *staying])
            await asyncio.gather(*staying)
        await write("last")
    assert "last" in answered
    assert answered <= set(await names(database))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_session_whose_reader_is_cancelled_ends_too(database: Database) -> None:
    async def read() -> None:
        async with database.read() as db:
            await db.session.execute(ENDLESS)

    async with asyncio.timeout(20):
        for waits_s in (0.1, *(number / 5000 for number in range(8 * READERS))):
            reading = asyncio.create_task(read())
            await asyncio.wait([reading], timeout=waits_s)  # it may not have begun
            reading.cancel()
            await asyncio.wait([reading])
        assert await names(database) == []


async def test_a_unit_of_work_that_wants_no_session_has_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(*_: object, **__: object) -> None:
        raise AssertionError("a session was made")

    monkeypatch.setattr("model.database.session.AsyncSession", made)
    async with database.write() as db:
        await create_user(db, "ann", "Ann", "-")
    assert await names(database) == ["Ann"]
