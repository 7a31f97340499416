"""The audit of the server: what its administrators, and commands, did to accounts and groups."""

from typing import Annotated, Any

from pydantic import StringConstraints
from quart import Blueprint, Response
from quart_schema import document_response, validate_querystring

from api.acts import ActList
from api.context import caller, read, write
from api.forms import Id, Moment, PageQuery, Query
from api.transfer.delivery import CSV, deliver_table, delivers
from model.act import ActFilters
from model.audit import export_audit, list_audit, record_export
from model.log.cursor import cursors
from model.log.event import ADMIN_TOPIC

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=40)]

audit = Blueprint("audit", __name__)


class AuditFilter(Query):
    """Acts of a kind, on a person, by somebody, from the moment `since` to before `until`."""

    kind: Kind | None = None
    person_id: Id | None = None
    by_id: Id | None = None
    since: Moment | None = None
    until: Moment | None = None

    @property
    def filters(self) -> dict[str, Any]:
        return self.model_dump(include={*ActFilters.__annotations__}, exclude_none=True)


class AuditQuery(PageQuery, AuditFilter):
    """A page of what the filter lets through."""


@audit.get("/admin/acts")
@validate_querystring(AuditQuery)
@document_response(ActList)
async def index(query_args: AuditQuery) -> ActList:
    """What was done on the server, newest first, as an administrator."""
    async with read() as db:
        found, people, following = await list_audit(
            db, query_args.page, reader=caller(), **query_args.filters
        )
        live = await cursors(db, ADMIN_TOPIC)
    return {"acts": found, "people": people, "next": following, "live": live}


@audit.get("/admin/acts.csv")
@validate_querystring(AuditFilter)
@delivers(CSV)
async def export(query_args: AuditFilter) -> Response:
    """The newest 10,000 of them as a table for spreadsheets, which is an act itself."""
    async with write() as db:
        await record_export(db, by=caller(), **query_args.filters)
    async with read() as db:
        table = await export_audit(db, reader=caller(), **query_args.filters)
    return await deliver_table(table, "audit.csv")
