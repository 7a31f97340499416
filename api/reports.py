"""Reports: posts that their readers find should not be there."""

from typing import Annotated

from pydantic import Field, StringConstraints
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import TEXT, Form, PageQuery
from api.middleware.compress import uncompressed
from api.middleware.idempotent import idempotent
from api.middleware.limits import limit
from api.middleware.location import located
from model.act import moderation_topic
from model.group import find_group
from model.limit import REPORT_LIMIT
from model.log.cursor import Live, cursors
from model.post import find_post
from model.report import (
    MAX_REASON_CHARS,
    Outcome,
    ReportReceipt,
    ReportView,
    count_open_reports,
    find_report,
    list_reports,
    report_post,
)
from model.report_settlement import WarningView, list_warnings, settle_report

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON_CHARS),
    TEXT,
]

reports = Blueprint("reports", __name__)


class ReportForm(Form):
    reason: Reason


class SettlementForm(Form):
    outcome: Annotated[Outcome, Field(strict=False)]


class ReportQuery(PageQuery):
    settled: bool = False


class ReportList(TypedDict):
    """`open` counts all that you may settle. Fetch anew with each event `report.…` of `live`."""

    reports: list[ReportView]
    next: int | None
    open: int
    live: Live


class WarningList(TypedDict):
    """The newest 100; `live` tells the next ones."""

    warnings: list[WarningView]
    live: Live


@reports.post("/posts/<id:post_id>/reports")
@validate_request(ReportForm)
@document_response(ReportReceipt, 201)
@located("/api/reports/{id}")
@limit(REPORT_LIMIT, lambda: f"user:{caller().id}")
@idempotent
async def create(post_id: int, data: ReportForm) -> tuple[ReportReceipt, int]:
    """Report a post of somebody else, once: a copy of it is disclosed to those responsible."""
    async with write() as db:
        post = await find_post(db, post_id, reader=caller())
        return await report_post(db, post, data.reason, by=caller()), 201


@reports.get("/groups/<id:group_id>/reports")
@uncompressed
@validate_querystring(ReportQuery)
@document_response(ReportList)
async def index(group_id: int, query_args: ReportQuery) -> ReportList:
    """The open reports that are for you, as a moderator, or those that are `settled`."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        live = await cursors(db, moderation_topic(group.id), f"user:{caller().id}")
        found, following = await list_reports(
            db, group, query_args.page, settled=query_args.settled, reader=caller()
        )
        count = await count_open_reports(db, group, reader=caller())
    return {"reports": found, "next": following, "open": count, "live": live}


@reports.get("/reports/<id:report_id>")
@document_response(ReportView)
async def show(report_id: int) -> ReportView:
    """One report that is for you."""
    async with read() as db:
        return (await find_report(db, report_id, reader=caller())).view()


@reports.patch("/reports/<id:report_id>")
@validate_request(SettlementForm)
@document_response(ReportView)
async def update(report_id: int, data: SettlementForm) -> ReportView:
    """Settle a report, once: dismiss it, delete the post, or warn its author."""
    async with write() as db:
        return await settle_report(db, report_id, data.outcome, by=caller())


@reports.get("/me/warnings")
@document_response(WarningList)
async def index_warnings() -> WarningList:
    """The posts about which those who moderate have warned you in the last 30 days."""
    async with read() as db:
        live = await cursors(db, f"user:{caller().id}")
        return {"warnings": await list_warnings(db, reader=caller()), "live": live}
