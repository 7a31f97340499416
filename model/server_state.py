"""What the database tells of itself and of what it keeps, for the administrators' overview."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, text

from model.account import require_administers
from model.backup import Backups, BackupState
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.group import Groups
from model.schema import find_head
from model.storage.blob import Blobs
from model.user import HAS_ACCOUNT, Caller, Users


@dataclass(frozen=True)
class ServerState:
    """`clock_ahead_s` is by how much this machine's clock is ahead of the database's.

    `last_backup_at` is the moment of the newest one, `backup_problem` why the last one has failed.
    """

    database_version: str
    database_bytes: int
    head: str
    clock_ahead_s: float
    people: int
    groups: int
    files: int
    file_bytes: int
    last_backup_at: datetime | None
    backup_problem: str | None


_SQLITE = text(
    "SELECT sqlite_version() AS version, page_count * page_size AS bytes"
    " FROM pragma_page_count, pragma_page_size"
)
_POSTGRESQL = select(
    func.current_setting("server_version").label("version"),
    func.pg_database_size(func.current_database()).label("bytes"),
    func.clock_timestamp().label("at"),
)
_last_backup_at = (
    select(func.max(Backups.made_at)).where(Backups.state == BackupState.DONE).scalar_subquery()
)
_backup_problem = (  # none of one that is done
    select(Backups.problem)
    .where(or_(Backups.state == BackupState.DONE, Backups.state == BackupState.FAILED))
    .order_by(Backups.id.desc())
    .limit(1)
    .scalar_subquery()
)
_COUNTS = select(
    select(func.count()).select_from(Users).where(HAS_ACCOUNT).scalar_subquery().label("people"),
    select(func.count()).select_from(Groups).scalar_subquery().label("groups"),
    func.count(Blobs.id).label("files"),
    func.coalesce(func.sum(Blobs.size_bytes), 0).label("file_bytes"),
    _last_backup_at.label("last_backup_at"),
    _backup_problem.label("backup_problem"),
).where(Blobs.leaving.is_(False))


async def find_server_state(db: Transaction, *, is_sqlite: bool, reader: Caller) -> ServerState:
    """What the database is, and how much is kept in it.

    Raises Forbidden when the reader is no administrator.
    """
    require_administers(reader)
    head = await find_head(db)
    counts = await db.first(_COUNTS)
    found = await db.first(_SQLITE if is_sqlite else _POSTGRESQL)
    assert found
    assert counts
    at: datetime = now() if is_sqlite else found.at  # SQLite has the clock of this machine
    return ServerState(
        found.version,
        found.bytes,
        head,
        (now() - at).total_seconds(),
        counts.people,
        counts.groups,
        counts.files,
        int(counts.file_bytes),
        counts.last_backup_at,
        counts.backup_problem,
    )
