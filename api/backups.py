"""Backups: administrators see, make and delete them, and fetch them where that is allowed."""

from datetime import datetime

from quart import Blueprint, Response
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.backup_jobs import backups_folder
from api.context import caller, read, services, settings, write
from api.forms import Form, PageQuery
from api.middleware.errors import Problem
from api.middleware.links import LinkQuery, linking_session, signed_query
from api.setting_kinds import Switch
from api.transfer.delivery import UNKNOWN, deliver_archive, delivers
from model.backup import (
    Backup,
    BackupView,
    ask_for_backup,
    delete_backup,
    fetch_backup,
    find_backup,
    list_backups,
)
from model.errors import Conflict, Forbidden
from model.log.cursor import Live, cursors
from model.log.event import ADMIN_TOPIC

backups = Blueprint("backups", __name__)


class BackupForm(Form):
    """What is to be in it beside the database: without `with_files`, nothing."""

    with_files: bool = True


class BackupList(TypedDict):
    backups: list[BackupView]
    next: int | None
    live: Live


class OneBackup(BackupView):
    live: Live


class BackupLinkView(TypedDict):
    """An address that gives the file to the session that has asked for it, until it expires."""

    url: str
    expires_at: datetime


@backups.get("/admin/backups")
@validate_querystring(PageQuery)
@document_response(BackupList)
async def index(query_args: PageQuery) -> BackupList:
    """All backups, newest first, as an administrator."""
    async with read() as db:
        found, following = await list_backups(db, query_args.page, reader=caller())
        live = await cursors(db, ADMIN_TOPIC)
    return {"backups": found, "next": following, "live": live}


@backups.post("/admin/backups")
@validate_request(BackupForm)
@document_response(BackupView, 202)
async def create(data: BackupForm) -> tuple[BackupView, int]:
    """Have a backup made, as an administrator; one of this kind that is being made is answered."""
    async with write() as db:
        backup = await ask_for_backup(db, with_files=data.with_files, by=caller())
    services().backup_wanted.set()
    return backup.view(), 202


@backups.get("/admin/backups/<id:backup_id>")
@document_response(OneBackup)
async def show(backup_id: int) -> OneBackup:
    """How far a backup is, as an administrator."""
    async with read() as db:
        backup = await find_backup(db, backup_id, reader=caller())
        live = await cursors(db, ADMIN_TOPIC)
    return {**backup.view(), "live": live}


@backups.delete("/admin/backups/<id:backup_id>")
async def delete(backup_id: int) -> tuple[str, int]:
    """Delete a backup with its file, or no longer make it, as an administrator."""
    async with write() as db:
        await delete_backup(db, backup_id, by=caller())
    services().backup_wanted.set()
    return "", 204


@backups.post("/admin/backups/<id:backup_id>/links")
@document_response(BackupLinkView, 201)
async def create_links(backup_id: int) -> tuple[BackupLinkView, int]:
    """Make a link to the file of a backup for ten minutes, where HOMEROOM_BACKUP_DOWNLOAD is on.

    Whoever has the file reads every group, so the audit tells that it was taken.
    """
    _require_allowed()
    async with write() as db:
        backup = await find_backup(db, backup_id, reader=caller())
        await fetch_backup(db, backup, by=caller())
    _require_here(backup)
    query, expires_at = signed_query(backup.about)
    url = f"/api/admin/backups/{backup.id}/file?{query}"
    return {"url": url, "expires_at": expires_at}, 201


@backups.get("/admin/backups/<id:backup_id>/file")
@validate_querystring(LinkQuery)
@delivers(UNKNOWN)
@document_response(Problem, 409)
async def show_file(backup_id: int, query_args: LinkQuery) -> Response:
    """The file of a backup, a ZIP, by a link that the same session has asked for."""
    del query_args
    _require_allowed()
    async with read() as db:
        backup = await find_backup(db, backup_id, reader=caller())
    if linking_session(backup.about) != caller().session_id:
        raise Forbidden("link_needed", "Ask for a link to this backup first.")
    _require_here(backup)
    return await deliver_archive(backups_folder(settings()) / backup.name, backup.sha256 or "")


def _require_allowed() -> None:
    """Raises Forbidden unless whoever runs the server lets administrators fetch backups."""
    if settings().backup_download != Switch.ON:
        detail = "HOMEROOM_BACKUP_DOWNLOAD is off: copy it from the machine itself."
        raise Forbidden("download_off", detail)


def _require_here(backup: Backup) -> None:
    """Raises Conflict when another machine has the file."""
    if not (backups_folder(settings()) / backup.name).is_file():
        detail = f"The machine {backup.node} has it, and this one answers: copy it from there."
        raise Conflict("backup_elsewhere", detail)
