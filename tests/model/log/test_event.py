"""The log: numbers without gaps in every topic, in the order of the commits."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from model.database.unit_of_work import Database
from model.log.cursor import events_after, topic_heads
from model.log.event import Events, Rights, Topics, judge_again, record, write_events

TOPICS = [f"channel:{number}" for number in range(1, 7)]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


async def test_commits_that_touch_the_same_topics_in_any_order_all_succeed(
    database: Database,
) -> None:
    async def commit() -> None:
        async with database.write() as db:
            for topic in random.sample(TOPICS, 3):
                record(db, topic, "thing.done", {}, by=None)

    await asyncio.gather(*(commit() for _ in range(200)))
    async with database.read() as db:
        rows = await db.all(select(Events.topic, Events.seq).order_by(Events.topic, Events.seq))
        heads = {row.name: row.seq for row in await db.all(select(Topics.name, Topics.seq))}
    assert sum(heads.values()) == 600
    for topic in TOPICS:
        assert [row.seq for row in rows if row.topic == topic] == list(range(1, heads[topic] + 1))


async def test_a_reader_never_sees_a_number_before_a_smaller_one(database: Database) -> None:
    done = asyncio.Event()

    async def write() -> None:
        for _ in range(40):
            async with database.write() as db:
                record(db, "channel:1", "thing.done", {}, by=None)

    async def read() -> None:
        while not done.is_set():
            async with database.read() as db:
                seqs = [row.seq for row in await db.all(select(Events.seq).order_by(Events.seq))]
            assert seqs == list(range(1, len(seqs) + 1))

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write() for _ in range(4)))
    done.set()
    await reading


async def test_what_is_rolled_back_takes_no_number(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as db:
            record(db, "channel:1", "thing.done", {}, by=None)
            raise RuntimeError
    async with database.write() as db:
        record(db, "channel:1", "thing.done", {}, by=None)
    async with database.read() as db:
        assert (await topic_heads(db, "channel:1"))["channel:1"].seq == 1


async def test_the_topics_of_a_commit_are_told_once_it_is_done(database: Database) -> None:
    told: list[set[str]] = []
    database.committed = lambda topics: told.append(set(topics))
    async with database.write() as db:
        record(db, "channel:1", "thing.done", {}, by=None)
        judge_again(db, Rights(users=[1]))
        assert told == []
    assert told == [{"channel:1", "rights"}]


async def test_a_log_that_is_forgotten_goes_on_counting(database: Database) -> None:
    for _ in range(3):
        async with database.write() as db:
            record(db, "channel:1", "thing.done", {}, by=None)
    async with database.write() as db:
        judge_again(db, Rights(), forget=["channel:1"])
        record(db, "channel:1", "thing.done", {}, by=None)
    async with database.read() as db:
        head = (await topic_heads(db, "channel:1"))["channel:1"]
        kept = await events_after(db, {"channel:1": 0}, 10)
    assert (head.seq, head.floor) == (4, 3)
    assert [row.seq for row in kept] == [4]


async def test_who_has_read_all_of_a_log_that_is_forgotten_stands_behind_its_floor(
    database: Database,
) -> None:
    async with database.write() as db:
        record(db, "channel:1", "thing.done", {}, by=None)
    async with database.write() as db:
        judge_again(db, Rights(), forget=["channel:1"])
    async with database.read() as db:
        head = (await topic_heads(db, "channel:1"))["channel:1"]
    assert (head.seq, head.floor) == (2, 2)
