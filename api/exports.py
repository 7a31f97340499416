"""Exports: a ZIP of a group for one of its owners, or of what is one's own."""

from quart import Blueprint, Response
from quart_schema import document_response, validate_querystring
from typing_extensions import TypedDict

from api.context import caller, read, services, write
from api.forms import PageQuery
from api.middleware.errors import Problem
from api.transfer.delivery import UNKNOWN, deliver_file, delivers
from model.export import (
    Export,
    ExportView,
    ask_for_group_export,
    ask_for_own_export,
    find_export,
    find_export_file,
    list_exports,
)
from model.group import find_group
from model.log.cursor import Live, cursors

exports = Blueprint("exports", __name__)


class ExportList(TypedDict):
    exports: list[ExportView]
    next: int | None
    live: Live


class OneExport(ExportView):
    live: Live


@exports.post("/groups/<id:group_id>/exports")
@document_response(ExportView, 202)
async def create(group_id: int) -> tuple[ExportView, int]:
    """Have all that you may read in a group put into a file, as an owner; at most five a day."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        export = await ask_for_group_export(db, group, by=caller())
    return _wanted(export), 202


@exports.post("/me/exports")
@document_response(ExportView, 202)
async def create_own() -> tuple[ExportView, int]:
    """Have all that is your own put into a file; at most five a day."""
    async with write() as db:
        export = await ask_for_own_export(db, by=caller())
    return _wanted(export), 202


@exports.get("/me/exports")
@validate_querystring(PageQuery)
@document_response(ExportList)
async def index(query_args: PageQuery) -> ExportList:
    """The exports that you have asked for within a day, newest first."""
    async with read() as db:
        found, following = await list_exports(db, query_args.page, reader=caller())
        live = await cursors(db, f"user:{caller().id}")
    return {"exports": found, "next": following, "live": live}


@exports.get("/exports/<id:export_id>")
@document_response(OneExport)
async def show(export_id: int) -> OneExport:
    """How far an export of yours is; of a group only while you own that."""
    async with read() as db:
        export = await find_export(db, export_id, reader=caller())
        live = await cursors(db, export.topic)
    return {**export.view(), "live": live}


@exports.get("/exports/<id:export_id>/file")
@delivers(UNKNOWN)
@document_response(Problem, 409)
async def show_file(export_id: int) -> Response:
    """The file of an export, a ZIP, for a day after it was made."""
    async with read() as db:
        export = await find_export(db, export_id, reader=caller())
        blob = await find_export_file(db, export)
        name = caller().username
        if export.group_id is not None:
            name = (await find_group(db, export.group_id, reader=caller())).name
    file_name = f"{name}, {export.created_at:%Y-%m-%d}.zip"
    return await deliver_file(services().store, blob, file_name, UNKNOWN)


def _wanted(export: Export) -> ExportView:
    """How it is now, once a worker knows that it is wanted."""
    services().export_wanted.set()
    return export.view()
