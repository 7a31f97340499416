"""Where topics stand in a snapshot, and what lies behind a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, select, true
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.unit_of_work import Transaction
from model.log.event import RIGHTS, Epochs, Events, Topics


class Live(TypedDict):
    """Where a list stands: what `hello` takes word for word to follow it."""

    epoch: str
    topics: dict[str, int]


_topics = json_rows("topics")
STAND = (
    select(
        _topics.c.key,
        Epochs.name,
        func.coalesce(Topics.seq, 0),
        func.coalesce(Topics.floor, 0),
    )
    .join_from(_topics, Epochs, true())
    .outerjoin(Topics, Topics.name == _topics.c.key)
)

_cursors = json_rows("cursors")
AFTER = (
    select(*Events.__table__.c)
    .join_from(
        _cursors,
        Events,
        and_(Events.topic == _cursors.c.key, Events.seq > number(_cursors.c.value)),
    )
    .order_by(Events.topic != RIGHTS, Events.topic, Events.seq)
    .limit(bindparam("limit"))
)

BETWEEN = (
    select(*Events.__table__.c)
    .where(
        Events.topic == bindparam("topic"),
        Events.seq > bindparam("after"),
        Events.seq <= bindparam("until"),
    )
    .order_by(Events.seq)
    .limit(bindparam("limit"))
)


async def stand(db: Transaction, *topics: str) -> Live:
    """Where topics stand in this snapshot."""
    found = await positions(db, *topics)
    epoch = next(iter(found.values())).epoch
    return {"epoch": epoch, "topics": {name: position.seq for name, position in found.items()}}


@dataclass(frozen=True)
class Position:
    epoch: str
    seq: int
    floor: int


async def positions(db: Transaction, *topics: str) -> dict[str, Position]:
    rows = await db.all(STAND, topics=json_object(topics))
    return {name: Position(epoch, seq, floor) for name, epoch, seq, floor in rows}


async def events_after(db: Transaction, cursors: Mapping[str, int], limit: int) -> Sequence[Any]:
    """What each topic has after its cursor, in one statement: `rights` first, then by number."""
    return await db.all(AFTER, cursors=json_object(cursors), limit=limit)


async def events_between(
    db: Transaction, topic: str, *, after: int, until: int, limit: int
) -> Sequence[Any]:
    """The next events of a topic, oldest first."""
    return await db.all(BETWEEN, topic=topic, after=after, until=until, limit=limit)
