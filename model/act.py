"""Acts: what people do to what is not their own, kept as a record of who, what, whom and when.

An act in a group is kept in the group's own record, which its owners and moderators read; an act
on the server is kept in the audit, which its administrators read. What is done within a private
channel is in the audit, by ids alone: the record of a group does not tell that the channel exists.

An act holds ids and no name, text or secret. Its row is written in the transaction of what it
tells, and outlives the accounts of both; the event only announces it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol, Unpack

import msgspec
from sqlalchemy import ForeignKey, Index, Text, and_, bindparam, insert, select
from sqlalchemy.orm import Mapped, aliased, mapped_column
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.page import Page, Pages, pages
from model.database.row import AnyRow
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.log.event import ADMIN_TOPIC, record
from model.user import HAS_ACCOUNT, Caller, NamedPersonView, User, Users, named_person

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
    """`by_id` is null for a command; as `person_id`, also when the account was deleted since."""

    id: int
    kind: str
    at: datetime
    by_id: int | None
    via: Way
    person_id: int | None
    subject: str | None
    details: Mapping[str, object]


class ActFilters(TypedDict, total=False):
    """Which acts are listed: of a kind, on a person, by somebody, in a time that has an end."""

    kind: str
    person_id: int
    by_id: int
    since: datetime
    until: datetime


class ChannelOfAct(Protocol):
    """What an act needs to know of the channel in which it is done."""

    @property
    def id(self) -> int: ...
    @property
    def group_id(self) -> int: ...
    @property
    def is_private(self) -> bool: ...


_IDS = ("by_id", "person_id")
_INSERT = insert(Acts).returning(Acts.id)
_by, _person = aliased(Users), aliased(Users)
_people = (_by.id.label("by_id"), _person.id.label("person_id"))  # while they have an account
_ACTS = (
    select(*[column for column in Acts.__table__.columns if column.name not in _IDS], *_people)
    .outerjoin_from(Acts, _by, and_(_by.id == Acts.by_id, _by.name != ""))
    .outerjoin(_person, and_(_person.id == Acts.person_id, _person.name != ""))
)
_CONDITIONS = {
    "kind": Acts.kind == bindparam("kind"),
    "person_id": and_(Acts.person_id == bindparam("person_id"), _person.id.is_not(None)),
    "by_id": and_(Acts.by_id == bindparam("by_id"), _by.id.is_not(None)),
    "since": Acts.at >= bindparam("since"),
    "until": Acts.at < bindparam("until"),
}
_wanted = json_rows("user_ids")
_PEOPLE = (
    select(Users.id, Users.name, Users.avatar, Users.username)
    .join_from(_wanted, Users, Users.id == number(_wanted.c.key))
    .where(HAS_ACCOUNT)
    .order_by(Users.id)
)


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


async def record_channel_act(
    db: Transaction,
    channel: ChannelOfAct,
    kind: str,
    *,
    by: Caller,
    person_id: int | None = None,
    subject: str | None = None,
    **details: object,
) -> None:
    """Write down what somebody did in a channel: in the audit, by ids, if it is a private one."""
    subject, channel_id = subject or f"channel:{channel.id}", channel.id
    group_id = channel.group_id
    if channel.is_private:
        ids = {"group_id": group_id, "channel_id": channel_id}
        view = await _insert(db, None, kind, by, person_id, subject, ids)
        record(db, ADMIN_TOPIC, kind, view, by=by.id)
    else:
        within = {"channel_id": channel_id, **details}
        view = await _insert(db, group_id, kind, by, person_id, subject, within)
        record(db, moderation_topic(group_id), kind, view, by=by.id)


async def list_acts(
    db: Transaction, page: Page, group_id: int | None = None, **filters: Unpack[ActFilters]
) -> tuple[list[ActView], int | None]:
    """The acts in a group, or without one those on the server, newest first."""
    statement = _list_of(group_id is not None, frozenset(filters)).of(page)
    values = {"group_id": group_id} if group_id is not None else {}
    rows, following = page.cut(await db.all(statement, **values, **filters, **page.values))
    return [_view(row) for row in rows], following


async def people_of_acts(db: Transaction, acts: Sequence[ActView]) -> list[NamedPersonView]:
    """Who did something in some acts, or to whom it was done, of those who have an account."""
    ids = {user_id for act in acts for user_id in (act["by_id"], act["person_id"]) if user_id}
    rows = await db.all(_PEOPLE, user_ids=json_object(sorted(ids)))
    return [named_person(row.id, row.name, row.avatar, username=row.username) for row in rows]


@cache
def _list_of(in_group: bool, filters: frozenset[str]) -> Pages[*tuple[object, ...]]:
    """The statements for some filters: only then each can go along an index."""
    whose = Acts.group_id == bindparam("group_id") if in_group else Acts.group_id.is_(None)
    wanted = [_CONDITIONS[name] for name in sorted(filters)]
    return pages(_ACTS.where(whose, *wanted), Acts.id, newest_first=True)


def _view(row: AnyRow) -> ActView:
    return {
        "id": row.id,
        "kind": row.kind,
        "at": row.at,
        "by_id": row.by_id,
        "via": row.via,
        "person_id": row.person_id,
        "subject": row.subject,
        "details": msgspec.json.decode(row.details),
    }


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
