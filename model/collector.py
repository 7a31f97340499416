"""Clearing away what nobody can find any more: files first, their bytes a day later.

It runs while nobody else holds the lock of the jobs: a backup takes that too.
"""

from datetime import timedelta

from sqlalchemy import and_, bindparam, delete, exists, or_, select, true, update

from model.attachment import LIVING, Files
from model.blob import Blob, Blobs, note_use
from model.db import Database, now
from model.picture import THUMBNAILS
from model.store import Store
from model.user import Users

KEPT_FOR = timedelta(hours=24)
AT_ONCE = 200

DEAD = or_(~LIVING, and_(Files.attached.is_(False), Files.created_at < bindparam("before")))
LOCK_DEAD = select(Files.id).where(DEAD).order_by(Files.id).limit(AT_ONCE).with_for_update()
FORGET = (
    delete(Files)
    .where(Files.id.in_(bindparam("file_ids", expanding=True)), DEAD)
    .returning(Files.blob_id)
)
UNUSED = (
    Blobs.used_at < bindparam("before"),
    ~exists().where(Files.blob_id == Blobs.id),
    ~exists().where(Users.avatar == Blobs.sha256),
)
DISMISS = update(Blobs).where(Blobs.leaving.is_(False), *UNUSED).values(leaving=True)
LEAVING = (
    select(Blobs.id, Blobs.sha256, Blobs.size_bytes).where(Blobs.leaving == true()).limit(AT_ONCE)
)
REMOVE = delete(Blobs).where(Blobs.id == bindparam("of_blob"))


async def collect(database: Database, store: Store) -> int:
    """How many contents were removed. Killed at any line, it goes on with its next run."""
    while await _forget_dead_files(database):
        pass
    async with database.write() as db:
        await db.run(DISMISS, before=now() - KEPT_FOR)
    removed = 0
    while blobs := await _leaving(database):
        for blob in blobs:
            for key in (blob.key, *map(blob.thumbnail_key, THUMBNAILS)):
                await store.remove(key)
        async with database.write() as db:
            await db.run_for_each(REMOVE, [{"of_blob": blob.id} for blob in blobs])
        removed += len(blobs)
    return removed


async def _forget_dead_files(database: Database) -> int:
    """In two statements: what was attached while the first waited for it lives again."""
    before = now() - KEPT_FOR
    async with database.write() as db:
        file_ids = [row.id for row in await db.all(LOCK_DEAD, before=before)]
        forgotten = await db.all(FORGET, file_ids=file_ids, before=before) if file_ids else []
        for row in forgotten:
            await note_use(db, row.blob_id)
    return len(forgotten)


async def _leaving(database: Database) -> list[Blob]:
    async with database.read() as db:
        return [Blob(*row) for row in await db.all(LEAVING)]
