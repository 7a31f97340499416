"""Acts: what people do to what is not their own, kept as a record of who, what, whom and when.

An act in a group is kept in the group's own record, which its owners and moderators read; an act
on the server is kept in the audit, which its administrators read. What is done within a private
channel is in the audit, by ids alone: the record of a group does not tell that the channel exists.

An act holds ids and no name, text or secret. Its row is written in the transaction of what it
tells, and outlives the accounts of both; the event only announces it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import ForeignKey, Index, Text, insert
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.log.event import ADMIN_TOPIC, record
from model.user import Caller, User

MODERATION = "moderation"
"""The topic of a group's owners and moderators is `moderation:` and its number."""


class Way(StrEnum):
    """How somebody acted: by a request, or by a command on the server's machine."""

    REQUEST = "request"
    COMMAND = "command"


class Acts(Base):
    """An act without a group is one on the server."""

    __tablename__ = "acts"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    kind: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    via: Mapped[Way] = mapped_column(one_of(Way, "via"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    subject: Mapped[str | None]  # such as "channel:7"
    details: Mapped[str] = mapped_column(Text)  # JSON
    at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (
        Index(None, "group_id", "id"),
        Index(None, "by_id", "id"),
        Index(None, "person_id", "id"),
        {"sqlite_autoincrement": True},
    )


class ActView(TypedDict):
    """`by_id` is null for a command, and for somebody whose account was deleted since."""

    id: int
    kind: str
    at: datetime
    by_id: int | None
    via: Way
    person_id: int | None
    subject: str | None
    details: Mapping[str, object]


_INSERT = insert(Acts).returning(Acts.id)


def moderation_topic(group_id: int) -> str:
    """The topic of what owners and moderators of a group are told."""
    return f"{MODERATION}:{group_id}"


async def record_group_act(
    db: Transaction,
    group_id: int,
    kind: str,
    *,
    by: Caller | User,
    person_id: int | None = None,
    subject: str | None = None,
    **details: object,
) -> None:
    """Write down in the record of a group what somebody did, to whom or to what."""
    view = await _insert(db, group_id, kind, by, person_id, subject, details)
    record(db, moderation_topic(group_id), kind, view, by=by.id)


async def record_server_act(
    db: Transaction,
    kind: str,
    *,
    by: Caller | User | None,
    person_id: int | None = None,
    subject: str | None = None,
    **details: object,
) -> None:
    """Write down in the audit what somebody did; without `by` it was a command."""
    view = await _insert(db, None, kind, by, person_id, subject, details)
    record(db, ADMIN_TOPIC, kind, view, by=view["by_id"])


async def _insert(
    db: Transaction,
    group_id: int | None,
    kind: str,
    by: Caller | User | None,
    person_id: int | None,
    subject: str | None,
    details: Mapping[str, object],
) -> ActView:
    at, via = now(), Way.REQUEST if by else Way.COMMAND
    by_id = by.id if by else None
    act_id = await db.scalar_one(
        _INSERT,
        group_id=group_id,
        kind=kind,
        by_id=by_id,
        via=via,
        person_id=person_id,
        subject=subject,
        details=msgspec.json.encode(details).decode(),
        at=at,
    )
    return {
        "id": act_id,
        "kind": kind,
        "at": at,
        "by_id": by_id,
        "via": via,
        "person_id": person_id,
        "subject": subject,
        "details": details,
    }
