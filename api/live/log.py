"""The log without a connection: the events of a topic, page by page."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read
from api.forms import Query
from api.middleware.errors import Problem
from api.middleware.scope import may_follow, not_enough
from model.access import find_topic
from model.database.table import MAX_ID
from model.errors import Conflict
from model.live.subscription import reset_of
from model.log.cursor import Live, events_between

topics = Blueprint("topics", __name__)


class EventQuery(Query):
    after: Annotated[int, Field(ge=0, le=MAX_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 100
    epoch: str | None = None


class EventView(TypedDict):
    """An event as it comes on the socket."""

    type: Literal["event"]
    topic: str
    seq: int
    kind: str
    data: dict[str, Any]
    at: datetime
    by: int | None
    tx: str | None


class EventList(TypedDict):
    """A page of events; `live` stands behind the last one."""

    events: list[EventView]
    next: int | None
    live: Live


@topics.get("/topics/<topic>/events")
@validate_querystring(EventQuery)
@document_response(EventList)
@document_response(Problem, 409)
async def index(topic: str, query_args: EventQuery) -> EventList:
    """The events of a topic after the number `after`, oldest first. After 409 fetch the list."""
    after, limit = query_args.after, query_args.limit
    if not may_follow(caller(), topic):
        raise not_enough()
    async with read() as db:
        head = await find_topic(db, topic, reader=caller())
        if reset := reset_of(head, after, query_args.epoch, most=MAX_ID):
            detail = "The log cannot be read from there: fetch the list, follow its `live`."
            raise Conflict(f"reset_{reset.reason}", detail)
        rows = await events_between(db, topic, after=after, until=head.seq, limit=limit)
    last = rows[-1].seq if rows else after
    return {
        "events": [event_view(row) for row in rows],
        "next": last if last < head.seq else None,
        "live": {"epoch": head.epoch, "topics": {topic: last}},
    }


def event_view(row: Any) -> EventView:
    return {
        "type": "event",
        "topic": row.topic,
        "seq": row.seq,
        "kind": row.kind,
        "data": msgspec.json.decode(row.data),
        "at": row.at,
        "by": row.by,
        "tx": row.tx,
    }
