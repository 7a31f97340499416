"""Files: who may find them, how they are kept and deleted, and how much a person may keep."""

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select

from model.attachment import LIVING, Files, FileView, PostFiles, file_view
from model.channel import READABLE, Channels
from model.database.table import now
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, NotFound
from model.group import Memberships
from model.log.event import record
from model.post import SELECT, Posts
from model.post_list import views
from model.storage.blob import Blob, Blobs, note_use
from model.user import Caller, Users


@dataclass(frozen=True)
class Upload:
    """What came: `blob` is there already, `size` is that of a picture."""

    name: str
    media_type: str
    blob: Blob
    size: tuple[int, int] | None


@dataclass(frozen=True)
class File:
    id: int
    name: str
    media_type: str
    has_thumbnails: bool
    uploader_id: int | None
    blob: Blob


_carried = exists().where(
    PostFiles.file_id == Files.id,
    Posts.id == PostFiles.post_id,
    Channels.id == Posts.channel_id,
    Memberships.group_id == Channels.group_id,
    Memberships.user_id == bindparam("reader_id"),
    READABLE,
)
FIND = finder(
    select(
        Files.id,
        Files.name,
        Files.media_type,
        Files.width.is_not(None),
        Files.uploader_id,
        Blobs.id,
        Blobs.sha256,
        Blobs.size_bytes,
    )
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(
        Files.id == bindparam("file_id"),
        or_(and_(Files.uploader_id == bindparam("reader_id"), LIVING), _carried),
    ),
    locks=[Files],
)
ALONE = select(Users.id).where(Users.id == bindparam("user_id")).with_for_update(key_share=True)
"""Whoever counts a person's bytes is the only one who does."""

KEPT_BYTES = (
    select(func.coalesce(func.sum(Blobs.size_bytes), 0))
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == bindparam("user_id"), LIVING)
)
INSERT = insert(Files).returning(Files.id)
DELETE = delete(Files).where(Files.id == bindparam("of_file"))
CARRYING = (
    SELECT.join(PostFiles, PostFiles.post_id == Posts.id)
    .where(PostFiles.file_id == bindparam("file_id"))
    .order_by(Posts.id)
    .with_for_update(of=Posts, key_share=True)
)


async def find_file(db: Transaction, file_id: int, *, reader: Caller) -> File:
    """One's own, and what a post carries that the reader may read; a dead one is not found."""
    row = await db.find(FIND, file_id=file_id, reader_id=reader.id)
    if row is None:
        raise NotFound("file")
    file_id, name, media_type, has_thumbnails, uploader_id, *of_blob = row
    return File(file_id, name, media_type, has_thumbnails, uploader_id, Blob(*of_blob))


async def require_room(db: Transaction, size_bytes: int, quota_bytes: int, *, by: Caller) -> None:
    kept = await db.scalar(KEPT_BYTES, user_id=by.id)
    if kept + size_bytes > quota_bytes:
        raise Conflict(
            "quota_full",
            f"Your files may have {quota_bytes // 2**20} MB together: delete some first.",
        )


async def add_file(db: Transaction, upload: Upload, quota_bytes: int, *, by: Caller) -> FileView:
    await db.scalar(ALONE, user_id=by.id)
    await require_room(db, upload.blob.size_bytes, quota_bytes, by=by)
    width, height = upload.size or (None, None)
    file_id = await db.scalar(
        INSERT,
        blob_id=upload.blob.id,
        uploader_id=by.id,
        name=upload.name,
        media_type=upload.media_type,
        width=width,
        height=height,
        attached=False,
        created_at=now(),
    )
    size_bytes = upload.blob.size_bytes
    return file_view(file_id, upload.name, size_bytes, upload.media_type, width, height)


async def delete_file(db: Transaction, file: File, *, by: Caller) -> None:
    """Also from the posts that carry it, whether or not its uploader may still read them."""
    if file.uploader_id != by.id:
        raise Forbidden("file_not_yours", "Only its uploader may delete a file.")
    carrying = await db.all(CARRYING, file_id=file.id)
    await db.run(DELETE, of_file=file.id)
    await note_use(db, file.blob.id)
    for view in await views(db, carrying):
        about = f"post:{view['id']}"
        topic = f"channel:{view['channel_id']}"
        record(db, topic, "post.edited", view, by=by.id, about=about, scrubs=[about])
