"""Backups: a row for each that there is, that is being made, or that is wanted.

The archives are in a folder of a machine, whose workers make them one at a time, and remove them
before their rows (api/backup_jobs.py). What a command has put elsewhere is a row alone. Only
administrators know of backups.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.account import require_admin, require_administers
from model.act import record_server_act
from model.database.page import Page, pages
from model.database.row import columns_of, load, load_all
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, NotFound
from model.log.event import ADMIN_TOPIC, record
from model.session import require_recent_password
from model.user import Caller


class BackupState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LEAVING = "leaving"


class BackupOrigin(StrEnum):
    """By whom it was wanted. One that is found was put into the folder by somebody else."""

    SCHEDULED = "scheduled"
    ASKED = "asked"
    COMMAND = "command"
    FOUND = "found"


class Backups(Base):
    """One that is `leaving` is seen by nobody; its archive is being removed."""

    __tablename__ = "backups"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # of the file; the whole path of one that is elsewhere
    origin: Mapped[BackupOrigin] = mapped_column(one_of(BackupOrigin, "origin"))
    state: Mapped[BackupState] = mapped_column(one_of(BackupState, "state"))
    percent: Mapped[int]
    attempts: Mapped[int]  # to make it; a worker that was killed leaves the next one to another
    with_files: Mapped[bool]
    elsewhere: Mapped[bool]  # not in the folder of the backups
    node: Mapped[str | None]  # the machine that has it
    problem: Mapped[str | None]  # why it has failed
    size_bytes: Mapped[int | None]
    sha256: Mapped[str | None]
    lost_files: Mapped[int]
    created_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    __table_args__ = {"sqlite_autoincrement": True}


class BackupView(TypedDict):
    """A backup that is `done` has all that was committed at `made_at`.

    Its file has the digest `sha256` and is called `name` in the folder of the backups of the
    machine `node`; one that a command has put `elsewhere` has its whole path there. The bytes of
    `lost_files` were missing when it was made.
    """

    id: int
    name: str
    origin: BackupOrigin
    state: BackupState
    percent: int
    with_files: bool
    elsewhere: bool
    node: str | None
    problem: str | None
    size_bytes: int | None
    sha256: str | None
    lost_files: int
    created_at: datetime
    made_at: datetime | None


@dataclass(frozen=True)
class ArchiveFacts:
    """What is known of a file that is a whole backup; `made_at` is the moment of its snapshot."""

    made_at: datetime
    size_bytes: int
    sha256: str
    lost_files: int = 0


@dataclass(frozen=True)
class Backup:
    origin: BackupOrigin
    with_files: bool
    created_at: datetime
    id: int = 0
    name: str = ""
    state: BackupState = BackupState.WAITING
    percent: int = 0
    attempts: int = 0
    elsewhere: bool = False
    node: str | None = None
    problem: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    lost_files: int = 0
    made_at: datetime | None = None

    @property
    def about(self) -> str:
        return f"backup:{self.id}"

    @property
    def is_to_do(self) -> bool:
        return self.state in {BackupState.WAITING, BackupState.RUNNING}

    def view(self) -> BackupView:
        return {
            "id": self.id,
            "name": self.name,
            "origin": self.origin,
            "state": self.state,
            "percent": self.percent,
            "with_files": self.with_files,
            "elsewhere": self.elsewhere,
            "node": self.node,
            "problem": self.problem,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "lost_files": self.lost_files,
            "created_at": self.created_at,
            "made_at": self.made_at,
        }

    def made(self, facts: ArchiveFacts, node: str) -> "Backup":
        """The same, once its archive is on a machine."""
        return replace(
            self,
            state=BackupState.DONE,
            percent=100,
            node=node,
            problem=None,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            lost_files=facts.lost_files,
            made_at=facts.made_at,
        )


IS_TO_DO = or_(Backups.state == BackupState.WAITING, Backups.state == BackupState.RUNNING)
_SEEN = Backups.state != BackupState.LEAVING
BACKUP_ROWS = select(*columns_of(Backups, Backup))
_FIND = finder(BACKUP_ROWS.where(_SEEN, Backups.id == bindparam("backup_id")), locks=[Backups])
_LIST = pages(BACKUP_ROWS.where(_SEEN), Backups.id, newest_first=True)
_ALIKE_TO_DO = BACKUP_ROWS.where(IS_TO_DO, Backups.with_files == bindparam("of_kind")).limit(1)
_INSERT = insert(Backups).returning(Backups.id)
_CHANGE = update(Backups).where(
    Backups.id == bindparam("of_backup"),
    Backups.state == bindparam("of_state"),
    Backups.attempts == bindparam("of_attempt"),
)
_NAME = update(Backups).where(Backups.id == bindparam("of_backup"))


async def ask_for_backup(db: Transaction, *, with_files: bool, by: Caller) -> Backup:
    """A new backup, which waits for its turn, or the one of this kind that waits or is made.

    Raises Forbidden when the caller is no administrator.
    """
    await require_admin(db, by=by)
    if row := await db.first(_ALIKE_TO_DO, of_kind=with_files):
        return load(Backup, row)
    backup = await insert_backup(db, Backup(BackupOrigin.ASKED, with_files, now()))
    about, details = backup.about, {"with_files": with_files}
    await record_server_act(db, "backup.made", by=by, subject=about, **details)
    return backup


async def list_backups(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[BackupView], int | None]:
    """The backups, newest first. Raises Forbidden when the reader is no administrator."""
    require_administers(reader)
    rows, following = page.cut(await db.all(_LIST.of(page), **page.values))
    return [backup.view() for backup in load_all(Backup, rows)], following


async def find_backup(db: Transaction, backup_id: int, *, reader: Caller) -> Backup:
    """Raises Forbidden when the reader is no administrator, and NotFound."""
    require_administers(reader)
    row = await db.find(_FIND, backup_id=backup_id)
    if row is None:
        raise NotFound("backup")
    return load(Backup, row)


async def fetch_backup(db: Transaction, backup: Backup, *, by: Caller) -> None:
    """Write down that somebody takes a backup, in which every group can be read.

    Raises Forbidden unless the caller is an administrator who has given her password lately, and
    Conflict when there is no file of it that a server could send.
    """
    await require_admin(db, by=by)
    require_recent_password(by)
    if backup.state != BackupState.DONE or backup.elsewhere:
        raise Conflict("backup_not_here", "This backup has no file here, or none yet.")
    await record_server_act(db, "backup.fetched", by=by, subject=backup.about)


async def delete_backup(db: Transaction, backup_id: int, *, by: Caller) -> None:
    """Let a backup go, or no longer make it; its machine removes the file.

    Raises Forbidden unless the caller is an administrator who has given her password lately, and
    NotFound.
    """
    await require_admin(db, by=by)
    backup = await find_backup(db, backup_id, reader=by)
    require_recent_password(by)
    await dismiss_backup(db, backup)
    await record_server_act(db, "backup.deleted", by=by, subject=backup.about)


async def dismiss_backup(db: Transaction, backup: Backup) -> None:
    """Let nobody see it any more, from now on until its archive is gone."""
    leaving = {"state": BackupState.LEAVING}
    values = {"of_backup": backup.id, "of_state": backup.state, "of_attempt": backup.attempts}
    if await db.run(_CHANGE, **values, **leaving):
        tell_removed(db, backup)


async def insert_backup(db: Transaction, new: Backup) -> Backup:
    """The backup with its number, which is in the name of the file unless that has one already."""
    values = {name: value for name, value in vars(new).items() if name != "id"}
    backup = replace(new, id=await db.scalar_one(_INSERT, **values))
    if not backup.name:
        backup = replace(backup, name=f"{backup.created_at:%Y-%m-%d-%H%M}-{backup.id}.zip")
        await db.run(_NAME, of_backup=backup.id, name=backup.name)
    _tell(db, backup)
    return backup


async def change_backup(db: Transaction, before: Backup, after: Backup) -> bool:
    """Keep what has changed and tell it; False when somebody else has it, or it is gone."""
    is_kept = await db.run(
        _CHANGE,
        of_backup=before.id,
        of_state=before.state,
        of_attempt=before.attempts,
        origin=after.origin,
        state=after.state,
        percent=after.percent,
        attempts=after.attempts,
        node=after.node,
        problem=after.problem,
        size_bytes=after.size_bytes,
        sha256=after.sha256,
        lost_files=after.lost_files,
        made_at=after.made_at,
    )
    if is_kept:
        _tell(db, after, scrubs=[after.about])
    return bool(is_kept)


def _tell(db: Transaction, backup: Backup, scrubs: Sequence[str] = ()) -> None:
    view, about = backup.view(), backup.about
    record(db, ADMIN_TOPIC, "backup.changed", view, by=None, about=about, scrubs=scrubs)


def tell_removed(db: Transaction, backup: Backup) -> None:
    record(db, ADMIN_TOPIC, "backup.removed", {"id": backup.id}, by=None, scrubs=[backup.about])
