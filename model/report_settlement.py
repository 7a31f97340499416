"""Settling reports, once each, and forgetting them a while later, with the copy of the post."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from typing_extensions import TypedDict

from model.act import record_group_act, record_server_act
from model.channel import READABLE_CHANNEL, Channels
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import Conflict, Forbidden, NotFound
from model.group import Memberships
from model.log.event import record
from model.post import Post, Posts, delete_post, find_post
from model.report import (
    FIND_REPORT,
    Outcome,
    Report,
    Reports,
    ReportView,
    find_report,
    list_responsible,
)
from model.user import Caller

SETTLED_REPORT_LASTS = timedelta(days=30)
_NEWEST_WARNINGS = 100


class WarningView(TypedDict):
    """All that who is warned hears of it: about which post; `post_id` is null without it."""

    id: int
    group_id: int
    channel_id: int
    post_id: int | None
    parent_id: int | None
    warned_at: datetime


_SETTLE = update(Reports).where(Reports.id == bindparam("of_report"))
_SETTLE_OTHERS = update(Reports).where(
    Reports.post_id == bindparam("of_post"), Reports.settled_at.is_(None)
)
_WARNINGS = (
    select(
        Reports.id,
        Reports.group_id,
        Reports.channel_id,
        Reports.post_id,
        Posts.parent_id,
        Reports.settled_at.label("warned_at"),
    )
    .join_from(Reports, Channels, Channels.id == Reports.channel_id)
    .join(Memberships, Memberships.group_id == Channels.group_id)
    .outerjoin(Posts, Posts.id == Reports.post_id)
    .where(
        Reports.author_id == bindparam("user_id"),
        Reports.outcome == Outcome.WARNED,
        Memberships.user_id == bindparam("user_id"),
        READABLE_CHANNEL,
    )
    .order_by(Reports.settled_at.desc(), Reports.id.desc())
    .limit(_NEWEST_WARNINGS)
)
_FORGET = delete(Reports).where(Reports.settled_at < bindparam("before"))


async def settle_report(
    db: Transaction, report_id: int, outcome: Outcome, *, by: Caller
) -> ReportView:
    """The report, settled: its post is deleted then, or its author is told that she is warned.

    With the post, all its other reports are settled. Raises NotFound for who is not responsible,
    Conflict when it is settled already, and Forbidden for deleting in a channel that the caller
    would have to join first.
    """
    post = await _find_post(db, report_id, by=by) if outcome == Outcome.DELETED else None
    report = await find_report(db, report_id, reader=by)
    if report.settled_at is not None:
        raise Conflict("already_settled", "Somebody has settled this report already.")
    settled_at = now()
    how = {"settled_at": settled_at, "settled_by_id": by.id, "outcome": outcome}
    await db.run(_SETTLE, of_report=report.id, **how)
    await _record(db, report, outcome, by=by)
    if outcome == Outcome.WARNED:
        _warn(db, report, settled_at)
    settled: ReportView = {
        **report.view(),
        "settled_at": settled_at,
        "settled_by": by.person,
        "outcome": outcome,
    }
    if post is not None:
        await db.run(_SETTLE_OTHERS, of_post=post.id, **how)
        await delete_post(db, post, by=by)
        settled["post_id"] = settled["parent_id"] = None
    return settled


async def list_warnings(db: Transaction, *, reader: Caller) -> list[WarningView]:
    """The newest warnings that the reader got in the last 30 days, the last one first.

    Only those of channels that she can still read.
    """
    rows = await db.all(_WARNINGS, user_id=reader.id)
    return [
        {
            "id": row.id,
            "group_id": row.group_id,
            "channel_id": row.channel_id,
            "post_id": row.post_id,
            "parent_id": row.parent_id,
            "warned_at": row.warned_at,
        }
        for row in rows
    ]


async def forget_settled_reports(db: Transaction) -> None:
    """Forget what was settled long ago."""
    await db.run(_FORGET, before=now() - SETTLED_REPORT_LASTS)


async def _find_post(db: Transaction, report_id: int, *, by: Caller) -> Post | None:
    """The post of a report, if it is still there; it is locked before the report.

    So it is when somebody deletes the post, and nobody waits for each other in a ring.
    """
    values = {"report_id": report_id, "user_id": by.id}
    row = await db.first(FIND_REPORT.reading, **values)
    if row is None or row.post_id is None:
        return None
    try:
        return await find_post(db, row.post_id, reader=by)
    except NotFound:
        again = await db.first(FIND_REPORT.reading, **values)
        if again is None or again.post_id is None:
            return None
    raise Forbidden("not_in_channel", "Join the channel first: you do not belong to it.")


async def _record(db: Transaction, report: Report, outcome: Outcome, *, by: Caller) -> None:
    """Record the act; where it is discreet, in the audit, and tell those who are responsible."""
    group_id, whose = report.channel.group_id, report.author_id
    kind, subject = "report.settled", f"report:{report.id}"
    if not report.is_discreet:
        await record_group_act(
            db, group_id, kind, by=by, person_id=whose, subject=subject, outcome=outcome
        )
    else:
        where = {"group_id": group_id, "channel_id": report.channel.id}
        await record_server_act(
            db, kind, by=by, person_id=whose, subject=subject, **where, outcome=outcome
        )
        for user_id in await list_responsible(db, report.id):
            ids = {"id": report.id, "group_id": group_id}
            record(db, f"user:{user_id}", kind, ids, by=by.id)


def _warn(db: Transaction, report: Report, warned_at: datetime) -> None:
    """Tell the author, if there still is one, and not who has reported or settled it."""
    view: WarningView = {
        "id": report.id,
        "group_id": report.channel.group_id,
        "channel_id": report.channel.id,
        "post_id": report.post_id,
        "parent_id": report.parent_id,
        "warned_at": warned_at,
    }
    if report.author_id is not None:
        record(db, f"user:{report.author_id}", "member.warned", view, by=None)
