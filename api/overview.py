"""The state of the server, for its administrators: what runs, what it keeps, and what is wrong."""

import asyncio
import shutil
from datetime import datetime
from typing import Literal

from pydantic import SecretStr
from quart import Blueprint
from quart_schema import document_response
from typing_extensions import TypedDict

from api.context import Services, caller, read, services
from api.docs.openapi import VERSION
from api.server_warnings import ServerWarningView, warnings_of
from api.settings import PREFIX, Settings
from model.database.table import now
from model.server_state import ServerState, find_server_state

overview = Blueprint("overview", __name__)


class WorkerView(TypedDict):
    """A process that serves; `memory_bytes` is null where the system does not tell.

    `node` is what its machine is called.
    """

    node: str
    worker: int
    process_id: int
    started_at: datetime
    memory_bytes: int | None
    connections: int


class DatabaseView(TypedDict):
    kind: Literal["SQLite", "PostgreSQL"]
    version: str
    bytes: int
    head: str
    clock_ahead_s: float


class FilesView(TypedDict):
    """What people have uploaded, each content once, and where it is."""

    place: Literal["folder", "bucket"]
    count: int
    bytes: int


class DiskView(TypedDict):
    """The disk of the instance folder."""

    free_bytes: int
    total_bytes: int


class SettingView(TypedDict):
    """`value` is null where there is none, and for secrets, which are set or not."""

    name: str
    value: str | None
    is_secret: bool
    is_default: bool
    meaning: str


class OverviewView(TypedDict):
    version: str
    started_at: datetime
    now: datetime
    workers: list[WorkerView]
    database: DatabaseView
    files: FilesView
    disk: DiskView
    people: int
    groups: int
    last_backup_at: datetime | None
    warnings: list[ServerWarningView]
    settings: list[SettingView]


@overview.get("/admin/overview")
@document_response(OverviewView)
async def show() -> OverviewView:
    """The state of the server, as an administrator."""
    return await overview_of(services())


async def overview_of(running: Services) -> OverviewView:
    """What the caller, who has to be an administrator, is told of the server. Raises Forbidden."""
    is_sqlite, settings = running.database.is_sqlite, running.settings
    async with read() as db:
        state = await find_server_state(db, is_sqlite=is_sqlite, reader=caller())
    disk = await asyncio.to_thread(shutil.disk_usage, settings.instance)
    workers = await running.workers.all()
    return {
        "version": VERSION,
        "started_at": min(worker.started_at for worker in workers),
        "now": now(),
        "workers": [
            {
                "node": worker.worker.node,
                "worker": worker.worker.number,
                "process_id": worker.process_id,
                "started_at": worker.started_at,
                "memory_bytes": worker.memory_bytes,
                "connections": worker.connections,
            }
            for worker in workers
        ],
        "database": _database(state, is_sqlite=is_sqlite),
        "files": {
            "place": "bucket" if settings.files_url else "folder",
            "count": state.files,
            "bytes": state.file_bytes,
        },
        "disk": {"free_bytes": disk.free, "total_bytes": disk.total},
        "people": state.people,
        "groups": state.groups,
        "last_backup_at": state.last_backup_at,
        "warnings": warnings_of(
            settings, state, disk.free, disk.total, workers, hears_others=running.bus.is_well
        ),
        "settings": [_setting(settings, name) for name in Settings.model_fields],
    }


def _database(state: ServerState, *, is_sqlite: bool) -> DatabaseView:
    return {
        "kind": "SQLite" if is_sqlite else "PostgreSQL",
        "version": state.database_version,
        "bytes": state.database_bytes,
        "head": state.head,
        "clock_ahead_s": round(state.clock_ahead_s, 1),
    }


def _setting(settings: Settings, name: str) -> SettingView:
    value, field = getattr(settings, name), Settings.model_fields[name]
    is_secret = SecretStr.__name__ in repr(field.annotation)
    shown = ", ".join(map(str, value)) if isinstance(value, list) else value
    return {
        "name": PREFIX + name.upper(),
        "value": None if is_secret or shown in {None, ""} else str(shown),
        "is_secret": is_secret,
        "is_default": value == field.default,
        "meaning": " ".join((field.description or "").split()),
    }
