"""Exports: a ZIP of a group for one of its owners, or of what is a person's own for herself.

Whoever asks gets it within minutes, made by one worker at a time, and for a day. Only whoever asked
finds it, and that of a group only while she owns the group. What is in it: model/exporting/.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import record_group_act
from model.database.page import Page, pages
from model.database.row import AnySelect, columns_of, load, load_all
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, NotFound, TooMany
from model.group import Group, Memberships, Role, require_owner
from model.log.event import record
from model.storage.blob import Blob, Blobs
from model.user import Caller, lock_account

EXPORT_LASTS = timedelta(hours=24)
MAX_EXPORTS_A_DAY = 5  # of a group, and of what is one's own
_MAX_ATTEMPTS = 5


class ExportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Exports(Base):
    """An export of a group, or, without one, of what is the person's own."""

    __tablename__ = "exports"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    blob_id: Mapped[int | None] = mapped_column(
        ForeignKey("blobs.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[ExportState] = mapped_column(one_of(ExportState, "state"))
    percent: Mapped[int]
    attempts: Mapped[int]  # to make it; a worker that was killed leaves the next one to another
    problem: Mapped[str | None]  # why it has failed
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "group_id", "created_at"),
        {"sqlite_autoincrement": True},
    )


class ExportView(TypedDict):
    """An export. The file of one that is `done` is there until `expires_at`."""

    id: int
    group_id: int | None
    state: ExportState
    percent: int
    problem: str | None
    size_bytes: int | None
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Export:
    id: int
    group_id: int | None
    user_id: int
    state: ExportState
    percent: int
    attempts: int
    problem: str | None
    created_at: datetime
    finished_at: datetime | None
    size_bytes: int | None = None

    @property
    def topic(self) -> str:
        return f"user:{self.user_id}"

    @property
    def about(self) -> str:
        return f"export:{self.id}"

    def view(self) -> ExportView:
        return {
            "id": self.id,
            "group_id": self.group_id,
            "state": self.state,
            "percent": self.percent,
            "problem": self.problem,
            "size_bytes": self.size_bytes,
            "created_at": self.created_at,
            "expires_at": self.finished_at and self.finished_at + EXPORT_LASTS,
        }


_TO_DO = Exports.finished_at.is_(None)
_OF_GROUP = Exports.group_id == bindparam("of_group")
_OWN = and_(Exports.group_id.is_(None), Exports.user_id == bindparam("of_user"))
_ROWS = select(*columns_of(Exports, Export), Blobs.size_bytes).outerjoin_from(
    Exports, Blobs, Blobs.id == Exports.blob_id
)
_owns = (
    select(Memberships.user_id)
    .where(
        Memberships.group_id == Exports.group_id,
        Memberships.user_id == Exports.user_id,
        Memberships.role == Role.OWNER,
    )
    .exists()
)
_OF_READER = _ROWS.where(
    Exports.user_id == bindparam("user_id"),
    or_(Exports.group_id.is_(None), _owns),
    or_(Exports.finished_at.is_(None), Exports.finished_at > bindparam("since")),
)
_FIND = finder(_OF_READER.where(Exports.id == bindparam("export_id")), locks=[Exports])
_LIST = pages(_OF_READER, Exports.id, newest_first=True)
_FIND_BLOB = (
    select(*columns_of(Blobs, Blob))
    .join_from(Exports, Blobs, Blobs.id == Exports.blob_id)
    .where(Exports.id == bindparam("export_id"))
)
_NEXT = _ROWS.where(_TO_DO).order_by(Exports.id).limit(1).with_for_update(of=Exports)
_GROUP_TO_DO, _OWN_TO_DO = (_ROWS.where(whose, _TO_DO).limit(1) for whose in (_OF_GROUP, _OWN))
_GROUP_SINCE, _OWN_SINCE = (
    select(func.count().label("made"), func.min(Exports.created_at).label("first")).where(
        whose, Exports.created_at > bindparam("since")
    )
    for whose in (_OF_GROUP, _OWN)
)
_IS_ANY_TO_DO = select(Exports.id).where(_TO_DO).limit(1)
_INSERT = insert(Exports).returning(Exports.id)
_CHANGE = update(Exports).where(
    Exports.id == bindparam("of_export"),
    Exports.attempts == bindparam("of_attempt"),
    _TO_DO,
)
_FORGET = delete(Exports).where(Exports.finished_at < bindparam("before"))


async def ask_for_group_export(db: Transaction, group: Group, *, by: Caller) -> Export:
    """A new export of a group, which waits for its turn; the one that the caller is waiting for.

    Raises Forbidden when the caller is no owner, Conflict while another owner is waiting for one,
    and TooMany.
    """
    require_owner(group)
    if waiting := await _first_to_do(db, _GROUP_TO_DO, of_group=group.id):
        if waiting.user_id != by.id:
            raise Conflict("export_running", "Another owner is having this group exported now.")
        return waiting
    await _require_few(db, _GROUP_SINCE, of_group=group.id)
    await record_group_act(db, group.id, "export.made", by=by)
    return await _insert(db, group.id, by)


async def ask_for_own_export(db: Transaction, *, by: Caller) -> Export:
    """A new export of what is the caller's own, or the one that she is waiting for.

    Raises TooMany.
    """
    await lock_account(db, by.id)
    if waiting := await _first_to_do(db, _OWN_TO_DO, of_user=by.id):
        return waiting
    await _require_few(db, _OWN_SINCE, of_user=by.id)
    return await _insert(db, None, by)


async def find_export(db: Transaction, export_id: int, *, reader: Caller) -> Export:
    """The reader's own export; of a group only while she owns that. Raises NotFound."""
    since = now() - EXPORT_LASTS
    row = await db.find(_FIND, export_id=export_id, user_id=reader.id, since=since)
    if row is None:
        raise NotFound("export")
    return load(Export, row)


async def find_export_file(db: Transaction, export: Export) -> Blob:
    """Where the bytes of an export are. Raises Conflict when it is not done."""
    row = await db.first(_FIND_BLOB, export_id=export.id)
    if export.state != ExportState.DONE or row is None:
        raise Conflict("export_not_done", "This export has no file, or none yet.")
    return load(Blob, row)


async def list_exports(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[ExportView], int | None]:
    """The exports that the reader finds, newest first."""
    values = {"user_id": reader.id, "since": now() - EXPORT_LASTS, **page.values}
    rows, following = page.cut(await db.all(_LIST.of(page), **values))
    return [export.view() for export in load_all(Export, rows)], following


async def is_any_export_wanted(db: Transaction) -> bool:
    return await db.first(_IS_ANY_TO_DO) is not None


async def claim_export(db: Transaction) -> Export | None:
    """The export that has waited longest, to be made from its beginning; None if there is none.

    It belongs to whoever holds the lock of the exports. One that is running was left by a worker
    that is gone: after five of them it has failed.
    """
    while (row := await db.first(_NEXT)) is not None:
        found = load(Export, row)
        if found.attempts < _MAX_ATTEMPTS:
            begun = replace(
                found, state=ExportState.RUNNING, percent=0, attempts=found.attempts + 1
            )
            return begun if await _change(db, found, begun) else None
        await fail_export(db, found, "It could not be made. Whoever runs the server finds why.")
    return None


async def advance_export(db: Transaction, export: Export, percent: int) -> Export | None:
    """The export with so much of it made; None when it is not to be made any more."""
    advanced = replace(export, percent=percent)
    return advanced if await _change(db, export, advanced) else None


async def finish_export(db: Transaction, export: Export, blob: Blob) -> None:
    """Let its file be found, unless it is not to be made any more."""
    size_bytes, moment = blob.size_bytes, now()
    done = replace(
        export, state=ExportState.DONE, percent=100, finished_at=moment, size_bytes=size_bytes
    )
    await _change(db, export, done, blob_id=blob.id)


async def fail_export(db: Transaction, export: Export, problem: str) -> None:
    """Give it up, and say why to whoever waits for it."""
    failed = replace(export, state=ExportState.FAILED, problem=problem, finished_at=now())
    await _change(db, export, failed)


async def forget_expired_exports(db: Transaction) -> None:
    """Forget the exports whose day is over. Their bytes are nobody's then, and are collected."""
    await db.run(_FORGET, before=now() - EXPORT_LASTS)


async def _first_to_do(db: Transaction, statement: AnySelect, **whose: int) -> Export | None:
    row = await db.first(statement, **whose)
    return load(Export, row) if row else None


async def _require_few(db: Transaction, statement: AnySelect, **whose: int) -> None:
    """Raises TooMany when there were as many as there may be within a day."""
    moment = now()
    row = await db.first(statement, since=moment - EXPORT_LASTS, **whose)
    if row is not None and row.made >= MAX_EXPORTS_A_DAY:
        wait = row.first + EXPORT_LASTS - moment
        few = f"There are at most {MAX_EXPORTS_A_DAY} exports a day."
        raise TooMany(few, retry_after_s=max(1, math.ceil(wait.total_seconds())))


async def _insert(db: Transaction, group_id: int | None, by: Caller) -> Export:
    export = Export(
        id=0,
        group_id=group_id,
        user_id=by.id,
        state=ExportState.WAITING,
        percent=0,
        attempts=0,
        problem=None,
        created_at=now(),
        finished_at=None,
    )
    export_id = await db.scalar_one(
        _INSERT,
        group_id=group_id,
        user_id=by.id,
        state=export.state,
        percent=0,
        attempts=0,
        created_at=export.created_at,
    )
    export = replace(export, id=export_id)
    _tell(db, export)
    return export


async def _change(db: Transaction, before: Export, after: Export, **more: object) -> bool:
    """Keep what has changed and tell it; False when somebody else has it, or it is gone."""
    is_kept = await db.run(
        _CHANGE,
        of_export=before.id,
        of_attempt=before.attempts,
        state=after.state,
        percent=after.percent,
        attempts=after.attempts,
        problem=after.problem,
        finished_at=after.finished_at,
        **more,
    )
    if is_kept:
        _tell(db, after, scrubs=[after.about])
    return bool(is_kept)


def _tell(db: Transaction, export: Export, scrubs: Sequence[str] = ()) -> None:
    view, about = export.view(), export.about
    record(db, export.topic, "export.changed", view, by=export.user_id, about=about, scrubs=scrubs)
