"""How far the log of each topic goes in a snapshot, and what comes after a cursor.

A cursor is the number of the last event that somebody has seen of a topic. Nothing else reads
events, and an event up to its topic's floor is never read: its row may be there for a while.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, func, select, true
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.row import AnyRow, load
from model.database.unit_of_work import Transaction
from model.log.event import RIGHTS_TOPIC, Epochs, Events, Topics


class Live(TypedDict):
    """The `live` of a list: its cursors, which `hello` takes word for word to follow it."""

    epoch: str
    topics: dict[str, int]


@dataclass(frozen=True)
class TopicHead:
    """The numbers of a topic's last event (`seq`) and of the last one no longer kept (`floor`)."""

    epoch: str
    seq: int
    floor: int


_topics = json_rows("topics")
_HEADS = (
    select(
        _topics.c.key.label("topic"),
        Epochs.name.label("epoch"),
        func.coalesce(Topics.seq, 0).label("seq"),
        func.coalesce(Topics.floor, 0).label("floor"),
    )
    .join_from(_topics, Epochs, true())
    .outerjoin(Topics, Topics.name == _topics.c.key)
)


def _kept_after(cursor: ColumnElement[int]) -> ColumnElement[bool]:
    """Of `Events` beside their row of `Topics`: those after a cursor, as far as they are kept."""
    after = case((Topics.floor > cursor, Topics.floor), else_=cursor)
    return and_(Events.topic == Topics.name, Events.seq > after)


_after = json_rows("after")
_EVENTS_AFTER = (
    select(*Events.__table__.columns)
    .join_from(_after, Topics, Topics.name == _after.c.key)
    .join(Events, _kept_after(number(_after.c.value)))
    .order_by(Events.topic != RIGHTS_TOPIC, Events.topic, Events.seq)
    .limit(bindparam("limit"))
)
_EVENTS_BETWEEN = (
    select(*Events.__table__.columns)
    .join_from(Topics, Events, _kept_after(bindparam("after", type_=BigInteger)))
    .where(Topics.name == bindparam("topic"), Events.seq <= bindparam("until"))
    .order_by(Events.seq)
    .limit(bindparam("limit"))
)


async def cursors(db: Transaction, *topics: str) -> Live:
    """The cursors of somebody who has seen all that is in this snapshot of the topics."""
    heads = await topic_heads(db, *topics)
    epoch = next(iter(heads.values())).epoch
    return {"epoch": epoch, "topics": {topic: head.seq for topic, head in heads.items()}}


async def topic_heads(db: Transaction, *topics: str) -> dict[str, TopicHead]:
    """The head of each topic. One without events so far has the number 0."""
    rows = await db.all(_HEADS, topics=json_object(topics))
    return {row.topic: load(TopicHead, row) for row in rows}


async def events_after(db: Transaction, after: Mapping[str, int], limit: int) -> Sequence[AnyRow]:
    """The rows of `Events` after the cursor of each topic: those of `rights` first.

    Then in the order of topics and numbers; at most `limit`.
    """
    return await db.all(_EVENTS_AFTER, after=json_object(after), limit=limit)


async def events_between(
    db: Transaction, topic: str, *, after: int, until: int, limit: int
) -> Sequence[AnyRow]:
    """The next rows of `Events` of a topic, up to the number `until`, oldest first."""
    return await db.all(_EVENTS_BETWEEN, topic=topic, after=after, until=until, limit=limit)
