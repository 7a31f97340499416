"""Clearing away what nobody can find any more: files first, their bytes a day later.

This runs while nobody else holds the lock of the jobs. A backup takes that lock too.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select, true, update

from model.database.json_rows import json_object, json_rows, number
from model.database.row import columns_of, load_all
from model.database.table import now
from model.database.unit_of_work import Database
from model.export import Exports
from model.file import FILE_IN_USE, Files
from model.storage.blob import Blob, Blobs, note_use
from model.storage.picture import THUMBNAILS
from model.storage.store import Store
from model.user import Users

_KEPT_FOR = timedelta(hours=24)
_AT_ONCE = 200

_DEAD = or_(~FILE_IN_USE, and_(Files.attached.is_(False), Files.created_at < bindparam("before")))
IS_NEEDED = or_(
    exists().where(Files.blob_id == Blobs.id),
    exists().where(Users.avatar == Blobs.sha256),
    exists().where(Exports.blob_id == Blobs.id),
)
"""Of `Blobs`: something refers to it."""

_UNUSED = and_(Blobs.leaving.is_(False), Blobs.used_at < bindparam("before"), ~IS_NEEDED)
_DEAD_FILES = (
    select(Files.id).where(_DEAD, Files.id > bindparam("last")).order_by(Files.id).limit(_AT_ONCE)
)
_UNUSED_BLOBS = (
    select(Blobs.id).where(_UNUSED, Blobs.id > bindparam("last")).order_by(Blobs.id).limit(_AT_ONCE)
)
_these = select(number(json_rows("ids").c.key))
_LOCK = select(Files.id).where(Files.id.in_(_these)).order_by(Files.id).with_for_update()
_FORGET = delete(Files).where(Files.id.in_(_these), _DEAD).returning(Files.blob_id)
_DISMISS = (
    update(Blobs)
    .where(Blobs.id.in_(_these), _UNUSED)
    .values(leaving=True)
    .execution_options(in_thread=True)
)
_LEAVING = select(*columns_of(Blobs, Blob)).where(Blobs.leaving == true()).limit(_AT_ONCE)
_REMOVE = delete(Blobs).where(Blobs.id == bindparam("of_blob"))


async def collect(database: Database, store: Store) -> int:
    """Remove files that nobody can find and bytes that nobody needs; how many blobs went.

    If it is killed at any line, its next run goes on from there.
    """
    before = now() - _KEPT_FOR
    async for ids in _found(database, _DEAD_FILES, before):
        await _forget(database, ids, before)
    async for ids in _found(database, _UNUSED_BLOBS, before):
        async with database.write() as db:
            await db.run(_DISMISS, ids=json_object(ids), before=before)
    removed = 0
    while blobs := await _leaving(database):
        for blob in blobs:
            for key in (blob.key, *map(blob.thumbnail_key, THUMBNAILS)):
                await store.remove(key)
        async with database.write() as db:
            await db.run_for_each(_REMOVE, [{"of_blob": blob.id} for blob in blobs])
        removed += len(blobs)
    return removed


async def _found(
    database: Database, statement: Select[int], before: datetime
) -> AsyncIterator[list[int]]:
    """The ids that a statement finds, up to 200 at a time.

    This looks through whole tables, in reads: nobody who writes waits for it.
    """
    last = 0
    while True:
        async with database.read() as db:
            rows = await db.all(statement, before=before, last=last)
        if not rows:
            return
        yield [row.id for row in rows]
        last = rows[-1].id


async def _forget(database: Database, ids: list[int], before: datetime) -> None:
    """Delete the rows of dead files.

    It takes two statements: a file that was attached while the first one waited is alive again.
    """
    async with database.write() as db:
        await db.all(_LOCK, ids=json_object(ids))
        for row in await db.all(_FORGET, ids=json_object(ids), before=before):
            await note_use(db, row.blob_id)


async def _leaving(database: Database) -> list[Blob]:
    async with database.read() as db:
        return load_all(Blob, await db.all(_LEAVING))
