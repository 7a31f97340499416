"""The event log: what happened, numbered 1, 2, 3, … without a gap in each topic.

`record()` only notes; the commit writes the notes in the same transaction as the change. It takes
the rows of `topics` in sorted order, so that no two commits wait for each other in a ring, and
keeps them locked until it is done: behind a number that can be read, no smaller one will come.

A topic is exactly what one permission guards: `channel:7`, `group:3`, `user:5`, `admin`. The
topic `rights` is internal: it names those whose right to read must be judged again.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import (
    Index,
    Text,
    bindparam,
    insert,
    literal,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_update  # SQLite takes it as well
from sqlalchemy.orm import Mapped, mapped_column

from model.database.json_rows import json_object, json_rows, number
from model.database.table import Base, now
from model.database.unit_of_work import Note, Transaction

ADMIN_TOPIC = "admin"
RIGHTS_TOPIC = "rights"

_SHOWS = text("about IS NOT NULL")  # what is emptied leaves the index, and is not emptied again


class Epochs(Base):
    """One row: the name of this life of the log. It changes when numbers may be given out again."""

    __tablename__ = "epochs"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    running_boot: Mapped[str | None]  # with HOMEROOM_DURABILITY=process, until a clean stop


class Topics(Base):
    """The last number given out in a topic, and the last one not kept any more. Never deleted.

    An event up to the `floor` does not exist for anybody, whatever rows there still are.
    """

    __tablename__ = "topics"
    name: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    floor: Mapped[int]


class Events(Base):
    __tablename__ = "events"
    topic: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    data: Mapped[str] = mapped_column(Text)
    about: Mapped[str | None]  # what `data` shows: deleting that empties both
    scrubs: Mapped[str | None] = mapped_column(Text)  # the abouts that this event emptied, as JSON
    by: Mapped[int | None]
    tx: Mapped[str | None]
    at: Mapped[datetime]
    __table_args__ = (
        Index(None, "topic", "about", sqlite_where=_SHOWS, postgresql_where=_SHOWS),
        Index(None, "topic", "by"),
        {"sqlite_with_rowid": False},
    )


class Rights(msgspec.Struct, omit_defaults=True):
    """Whose rights must be checked again, and why; after which number topics begin anew.

    With a new `epoch`, all logs begin anew. `channels` are told again to whoever watches.
    """

    users: list[int] = []
    topics: list[str] = []
    sessions: list[int] = []
    floors: dict[str, int] = {}
    channels: list[int] = []
    reason: str = "removed"
    epoch: str = ""


def record(
    db: Transaction,
    topic: str,
    kind: str,
    data: Mapping[str, object],
    *,
    by: int | None,
    about: str | None = None,
    scrubs: Sequence[str] = (),
) -> None:
    """Note an event of this transaction. Older events about `scrubs` in its topic are emptied.

    `data` is the resulting state, the same view that HTTP shows; `by` is a user's id.
    """
    db.notes.append(Note(topic, kind, _json(data), about, scrubs, by))


def judge_again(db: Transaction, rights: Rights, *, forget: Iterable[str] = ()) -> None:
    """Note that this transaction takes rights away: each worker applies it before what follows.

    All events so far of the topics `forget` are as good as gone, and whoever follows one of them is
    told `reset retention`. Where this transaction records an event, whoever has read everything
    before it is told that event instead.
    """
    db.notes.append(_rights_note(rights))
    db.forgotten.update(forget)


def tell_again(db: Transaction, channel_id: int) -> None:
    """Note that a channel looks different in lists, although there is no new post in it.

    Whoever watches is told so; who follows its topic knows it by an event.
    """
    db.notes.append(_rights_note(Rights(channels=[channel_id])))


def epoch_name() -> str:
    return secrets.token_hex(4)


async def begin_epoch(db: Transaction) -> str:
    """Begin a new epoch, and return its name. Whoever follows a topic has to come back.

    From now on numbers may be given out again.
    """
    name = epoch_name()
    await db.run(_RENAME, new_name=name)
    judge_again(db, Rights(epoch=name))
    return name


async def write_events(db: Transaction) -> None:
    """Number and write the events that a transaction has noted, as its last statements."""
    if not db.notes:
        return
    counts = Counter(note.topic for note in db.notes)
    skipped = Counter(db.forgotten - counts.keys())  # a number that nobody has read
    counts += skipped
    if db.forgotten:
        counts[RIGHTS_TOPIC] += 1  # which says what the floors are
    heads = {row.name: row for row in await db.all(_ADVANCE, counts=json_object(counts))}
    before = {name: heads[name].seq - count + skipped[name] for name, count in counts.items()}
    floors = {name: before[name] for name in sorted(db.forgotten)}
    if floors:
        db.notes.append(_rights_note(Rights(floors=floors)))
        raised = [{"of_topic": name, "floor": floor} for name, floor in floors.items()]
        await db.run_for_each(_RAISE_FLOOR, raised)
    await _scrub(db, {name: heads[name].floor for name in heads} | floors)
    await db.run_for_each(_INSERT, _rows(db, before))
    db.topics = counts.keys()


async def _scrub(db: Transaction, floors: Mapping[str, int]) -> None:
    """Empty what the noted events scrub, of the events that are behind their topic's floor."""
    scrubbed = [
        {
            "of_topic": note.topic,
            "floor": floors[note.topic],
            "of_about": about,
            "scrubbed": scrubbed_data(about),
        }
        for note in db.notes
        for about in note.scrubs
    ]
    await db.run_for_each(_SCRUB, scrubbed)


def _rows(db: Transaction, last: dict[str, int]) -> list[dict[str, object]]:
    """The rows of the noted events; `last` is the number before each topic's first one."""
    at = now()
    rows = []
    for note in db.notes:
        last[note.topic] += 1
        rows.append(
            {
                "topic": note.topic,
                "seq": last[note.topic],
                "kind": note.kind,
                "data": note.data,
                "about": note.about,
                "scrubs": _json(note.scrubs) if note.scrubs else None,
                "by": note.by,
                "tx": db.tx,
                "at": at,
            }
        )
    return rows


def _rights_note(rights: Rights) -> Note:
    return Note(RIGHTS_TOPIC, "rights", _json(rights))


def scrubbed_data(about: str) -> str:
    """What is left of the data of an event about something deleted or edited: `post:9`."""
    return _json({"id": int(about.partition(":")[2]), "gone": True})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_counts = json_rows("counts")
_sorted = select(_counts.c.key, number(_counts.c.value), literal(0))
_advance = insert_or_update(Topics).from_select(
    ["name", "seq", "floor"], _sorted.where(true()).order_by(_counts.c.key)
)
_ADVANCE = _advance.on_conflict_do_update(
    index_elements=[Topics.name], set_={"seq": Topics.seq + _advance.excluded.seq}
).returning(Topics.name, Topics.seq, Topics.floor)

_INSERT = insert(Events)
_RENAME = update(Epochs).values(name=bindparam("new_name"))
_RAISE_FLOOR = update(Topics).where(Topics.name == bindparam("of_topic"))
_SCRUB = (
    update(Events)
    .where(
        Events.topic == bindparam("of_topic"),
        Events.about == bindparam("of_about"),
        Events.seq > bindparam("floor"),
    )
    .values(data=bindparam("scrubbed"), about=None)
)
