"""Retention: the log is kept by age, and by how many events all topics have together.

A topic loses its oldest events, and its `floor` rises in the same transaction: after the floor
there is no gap, and whoever has a cursor before it is told `reset retention`. The row of the topic
stays. The topic `admin` goes only by an age of its own. The topic `rights` goes only by age and
keeps its newest event: a feed that has stood still for so long meets a gap there, and checks
everybody again.

Where a floor has risen over many events at once, since somebody or something was deleted, their
rows are still there and go in the same small transactions. Nobody reads them meanwhile.

The numbers have no gaps, so a topic's oldest event is number `floor + 1` and its count the
difference to `seq`: everything is found by the primary key. A million events of 500 topics went in
17 to 64 s on SQLite and 25 s on PostgreSQL (two busy cores). A transaction had the write lock for 2
to 6 ms, and one writer beside it took 2 to 8 ms instead of 2 to 4 (p50).
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from model.database.row import AnyRow
from model.database.table import now
from model.database.unit_of_work import Database
from model.log.event import ADMIN_TOPIC, RIGHTS_TOPIC, Events, Topics

BATCH = 500  # events that one transaction deletes


@dataclass(frozen=True)
class Retention:
    days: int = 7
    events: int = 1_000_000
    audit_days: int = 365  # of the topic `admin`


_TOPICS = select(Topics.name, Topics.floor, Topics.seq, Events.at.label("oldest_at")).join(
    Events, and_(Events.topic == Topics.name, Events.seq == Topics.floor + 1)
)
_next = (
    Events.topic == bindparam("of_topic"),
    Events.seq > bindparam("floor"),
    Events.seq <= bindparam("until"),
)
_CUT = select(func.max(Events.seq)).where(
    *_next, or_(Events.at < bindparam("before"), Events.seq <= bindparam("beyond"))
)
_oldest = select(func.min(Events.seq)).where(Events.topic == Topics.name).scalar_subquery()
_FORGOTTEN = select(Topics.name, Topics.floor, _oldest.label("oldest")).where(
    _oldest <= Topics.floor
)
_DATE_ANEW = (
    update(Events)
    .where(*_next, Events.at > bindparam("moment"))
    .values(at=bindparam("moment"))
    .execution_options(in_thread=True)
)
_RAISE_FLOOR = (
    update(Topics)
    .where(Topics.name == bindparam("of_topic"), Topics.floor < bindparam("until"))
    .values(floor=bindparam("until"))
)
_DELETE = delete(Events).where(*_next).execution_options(in_thread=True)


@dataclass(frozen=True)
class _Excess:
    """Which events a topic loses: those older than `before`, and those up to number `beyond`."""

    topic: str
    floor: int
    last: int
    before: datetime
    beyond: int


async def prune(database: Database, retention: Retention) -> int:
    """Delete the events that are no longer kept, in small transactions; how many there were."""
    async with database.read() as db:
        topics = await db.all(_TOPICS)
    moment, pruned = now(), 0
    for topic in topics:
        if topic.oldest_at > moment:
            await _date_anew(database, topic, moment)
    for excess in _excess(topics, retention):
        pruned += await _prune_topic(database, excess)
    return pruned


async def delete_forgotten_events(database: Database) -> int:
    """Delete the rows of events up to the floors, in small transactions; how many there were.

    If it is killed at any line, its next run goes on from there.
    """
    async with database.read() as db:
        topics = await db.all(_FORGOTTEN)
    deleted = 0
    for topic in topics:
        for last in range(topic.oldest - 1, topic.floor, BATCH):
            until = min(last + BATCH, topic.floor)
            began = time.monotonic()
            async with database.write() as db:
                deleted += await db.run(_DELETE, of_topic=topic.name, floor=last, until=until)
            await asyncio.sleep(time.monotonic() - began)
    return deleted


async def _date_anew(database: Database, topic: AnyRow, moment: datetime) -> None:
    """Date a topic's oldest events as of now, which a clock that was ahead has dated.

    They go when they are old from now on.
    """
    for floor in range(topic.floor, topic.seq, BATCH):
        async with database.write() as db:
            until = min(floor + BATCH, topic.seq)
            values = {"of_topic": topic.name, "floor": floor, "until": until, "moment": moment}
            if not await db.run(_DATE_ANEW, **values):
                return


def fair_share(counts: Collection[int], keep: int) -> int:
    """How many events each topic may keep, so that all together have at most `keep`.

    The longest lose first: a busy topic never takes the place of a quiet one's events.
    """
    for place, count in enumerate(sorted(counts)):
        share = keep // (len(counts) - place)
        if count > share:
            return share
        keep -= count
    return max(counts, default=0)


def _excess(topics: Collection[AnyRow], retention: Retention) -> list[_Excess]:
    moment = now()
    found = []
    counts = {topic.name: topic.seq - topic.floor for topic in topics}
    counted = counts.keys() - {ADMIN_TOPIC, RIGHTS_TOPIC}
    share = fair_share([counts[name] for name in counted], retention.events)
    for topic in topics:
        days = retention.audit_days if topic.name == ADMIN_TOPIC else retention.days
        before = moment - timedelta(days=days)
        beyond = topic.seq - share if topic.name in counted else 0
        last = topic.seq - 1 if topic.name == RIGHTS_TOPIC else topic.seq
        if topic.oldest_at < before or beyond > topic.floor:
            found.append(_Excess(topic.name, topic.floor, last, before, beyond))
    return found


async def _prune_topic(database: Database, excess: _Excess) -> int:
    """Delete the excess of one topic; how many events went.

    It rests as long as it has worked: the other half of the time is for whoever writes.
    """
    floor, pruned = excess.floor, 0
    while True:
        began = time.monotonic()
        async with database.read() as db:
            cut = await db.scalar(
                _CUT,
                of_topic=excess.topic,
                floor=floor,
                until=min(floor + BATCH, excess.last),
                before=excess.before,
                beyond=excess.beyond,
            )
        if cut is None:
            return pruned
        async with database.write() as db:
            # the topic's row first, as every writer does; it is higher when it was forgotten
            if await db.run(_RAISE_FLOOR, of_topic=excess.topic, until=cut):
                pruned += await db.run(_DELETE, of_topic=excess.topic, floor=floor, until=cut)
        floor = cut
        await asyncio.sleep(time.monotonic() - began)
