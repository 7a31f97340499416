"""What the log no longer keeps: a topic's oldest events, up to its floor, and nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.log import retention
from model.log.event import (
    ADMIN_TOPIC,
    RIGHTS_TOPIC,
    Events,
    Rights,
    Topics,
    judge_again,
    record,
    write_events,
)
from model.log.retention import Retention, delete_forgotten_events, fair_share, prune
from tests.support.counting import CountingDatabase

TOPICS = ("channel:1", "channel:2", "group:1")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, before_commit=write_events)
    yield database
    await database.close()


async def happened(database: Database, topic: str, times: int = 1, *, days_ago: int = 0) -> None:
    async with database.write() as db:
        for _ in range(times):
            record(db, topic, "thing.done", {}, by=None)
    if days_ago:
        async with database.write() as db:
            recent = Events.at > now() - timedelta(hours=12)
            at = now() - timedelta(days=days_ago)
            await db.run(update(Events).where(Events.topic == topic, recent).values(at=at))


async def kept(database: Database) -> dict[str, list[int]]:
    """The numbers of each topic behind its floor; each snapshot has all of them."""
    async with database.read() as db:
        events = await db.all(select(Events.topic, Events.seq).order_by(Events.topic, Events.seq))
        topics = await db.all(select(Topics.name, Topics.floor, Topics.seq))
    numbers = {
        name: [seq for topic, seq in events if topic == name and seq > floor]
        for name, floor, _ in topics
    }
    for name, floor, seq in topics:
        assert numbers[name] == list(range(floor + 1, seq + 1)), f"{name} from {floor}"
    return numbers


async def test_what_is_older_than_its_days_goes_and_the_rest_stays(database: Database) -> None:
    await happened(database, "channel:1", 3, days_ago=8)
    await happened(database, "channel:1", 2, days_ago=6)
    await happened(database, "channel:2", 2, days_ago=6)
    await happened(database, "group:1", 2, days_ago=8)
    assert await prune(database, Retention(days=7)) == 5
    assert await kept(database) == {"channel:1": [4, 5], "channel:2": [1, 2], "group:1": []}
    await happened(database, "group:1")
    assert (await kept(database))["group:1"] == [3]
    assert await prune(database, Retention(days=7)) == 0


async def test_of_too_many_events_the_longest_topics_lose_their_oldest(database: Database) -> None:
    await happened(database, "channel:1", 30)
    await happened(database, "channel:2", 20)
    await happened(database, "group:1", 4)
    assert await prune(database, Retention(events=20)) == 34
    assert await kept(database) == {
        "channel:1": list(range(23, 31)),
        "channel:2": list(range(13, 21)),
        "group:1": [1, 2, 3, 4],
    }


async def test_the_topic_admin_has_days_of_its_own_and_no_count(database: Database) -> None:
    await happened(database, ADMIN_TOPIC, 2, days_ago=30)
    await happened(database, ADMIN_TOPIC, 3, days_ago=20)
    await happened(database, "channel:1", 2)
    assert await prune(database, Retention(days=7, events=2, audit_days=25)) == 2
    assert await kept(database) == {ADMIN_TOPIC: [3, 4, 5], "channel:1": [1, 2]}


async def test_rights_go_by_age_only_and_the_newest_stays(database: Database) -> None:
    for _ in range(4):
        async with database.write() as db:
            judge_again(db, Rights(users=[1]))
    assert await prune(database, Retention(events=1)) == 0
    async with database.write() as db:
        await db.run(update(Events).values(at=now() - timedelta(days=8)))
    assert await prune(database, Retention(days=7)) == 3
    assert await kept(database) == {RIGHTS_TOPIC: [4]}


async def test_who_writes_and_reads_meanwhile_never_meets_a_gap(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for topic in TOPICS:
        await happened(database, topic, 60, days_ago=8)
    pruning = asyncio.create_task(prune(database, Retention(days=7)))

    async def write() -> None:
        while not pruning.done():
            async with database.write() as db:
                for topic in random.sample(TOPICS, 2):
                    record(db, topic, "thing.done", {}, by=None)

    async def read() -> int:
        places = set()
        while not pruning.done():
            places.add(len((await kept(database))["channel:1"]))
        return len(places)

    *_, places = await asyncio.gather(write(), write(), read())
    assert places > 2, "read only before or after"
    assert await pruning == 3 * 60
    assert {numbers[0] for numbers in (await kept(database)).values()} == {61}


class ForgettingDatabase(Database):
    """Somebody else forgets channel:1 between the look at it and the first write."""

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        async with super().write() as db:
            judge_again(db, Rights(), forget=["channel:1"])
        async with super().write(tx) as db:
            yield db


async def test_a_topic_that_is_forgotten_meanwhile_does_not_sink_again(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    await happened(database, "channel:1", 5, days_ago=8)
    forgetting = ForgettingDatabase(database_url, before_commit=write_events)
    assert await prune(forgetting, Retention(days=7)) == 0
    await forgetting.close()
    assert (await kept(database))["channel:1"] == []


async def test_what_is_forgotten_goes_at_once_and_its_rows_a_few_at_a_time(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    await happened(database, "channel:1", 8)
    await happened(database, "channel:2", 2)
    async with database.write() as db:
        judge_again(db, Rights(), forget=["channel:1"])
        record(db, "channel:1", "thing.deleted", {}, by=None)
    forgotten = {"channel:1": [9], "channel:2": [1, 2], RIGHTS_TOPIC: [1, 2]}
    assert await kept(database) == forgotten
    counting = CountingDatabase(database_url, Events)
    assert await delete_forgotten_events(counting) == 8
    assert counting.rows == [10, 7, 5]
    assert await kept(database) == forgotten
    assert await delete_forgotten_events(counting) == 0
    await counting.close()


@pytest.mark.parametrize(
    ("counts", "keep", "share"),
    [
        ([], 10, 0),
        ([3, 4], 10, 4),
        ([8, 2], 10, 8),
        ([9, 2], 10, 8),
        ([100, 100, 1], 10, 4),
        ([5, 5, 5], 2, 0),
    ],
)
def test_quiet_topics_keep_all_and_the_others_share_what_is_left(
    counts: list[int], keep: int, share: int
) -> None:
    assert fair_share(counts, keep) == share
    assert sum(min(count, share) for count in counts) <= keep
