"""Files: what people have uploaded, and which posts carry it.

A file lives until the last post that carried it is gone. How somebody finds a file by its posts,
and how it is deleted from them, is in model/attachment.py, which stands above posts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    bindparam,
    column,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.channel import Channels
from model.database.json_rows import json_object, json_rows, number
from model.database.row import AnyRow
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import Invalid, QuotaFull
from model.storage.blob import Blob, Blobs
from model.user import Caller, lock_account

MAX_FILES_A_POST = 10
MAX_POSTS_A_FILE = 100  # each is told when the file is deleted


class Files(Base):
    """`attached` says that a post has carried the file; before, only its uploader knows of it."""

    __tablename__ = "files"
    id: Mapped[int] = mapped_column(primary_key=True)
    blob_id: Mapped[int] = mapped_column(ForeignKey("blobs.id", ondelete="RESTRICT"), index=True)
    uploader_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str]
    media_type: Mapped[str]
    width: Mapped[int | None]  # pixels of a picture that can be made smaller, as it is shown
    height: Mapped[int | None]
    attached: Mapped[bool]
    created_at: Mapped[datetime]
    __table_args__ = {"sqlite_autoincrement": True}


class PostFiles(Base):
    """The files that posts carry, each post's in the order of `place`."""

    __tablename__ = "post_files"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    file_id: Mapped[int] = mapped_column(
        ForeignKey("files.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]


class SizeView(TypedDict):
    """The size of a picture, in pixels."""

    width: int
    height: int


class FileView(TypedDict):
    """A file as posts show it; `image` is the size of a picture that has thumbnails."""

    id: int
    name: str
    size_bytes: int
    media_type: str
    image: SizeView | None


@dataclass(frozen=True)
class Upload:
    """What was uploaded. Its blob is kept already; `image_size` is width and height in pixels."""

    name: str
    media_type: str
    blob: Blob
    image_size: tuple[int, int] | None


# They stand above files
_all_posts = table("posts", column("id"), column("channel_id"))
_documents = table("documents", column("saved_by"), column("size_bytes"))

FILE_IN_USE = or_(
    Files.attached == false(),
    exists().where(
        PostFiles.file_id == Files.id,
        PostFiles.post_id == _all_posts.c.id,
        Channels.id == _all_posts.c.channel_id,
        Channels.group_id.is_not(None),
    ),
)
"""Of `Files`: not yet carried by a post, or carried by one now. Others are as good as deleted."""

_VIEWED = (
    Files.id,
    Files.name,
    Blobs.size_bytes,
    Files.media_type,
    Files.width,
    Files.height,
)
_posts, _wanted = json_rows("post_ids"), json_rows("file_ids")
_OF_POSTS = (
    select(PostFiles.post_id, *_VIEWED)
    .join_from(_posts, PostFiles, PostFiles.post_id == number(_posts.c.key))
    .join(Files, Files.id == PostFiles.file_id)
    .join(Blobs, Blobs.id == Files.blob_id)
    .order_by(PostFiles.post_id, PostFiles.place)
)
_posts_of_file = select(func.count()).where(PostFiles.file_id == Files.id).scalar_subquery()
_FIND_OWN = (
    select(*_VIEWED, _posts_of_file.label("posts"))
    .join_from(_wanted, Files, Files.id == number(_wanted.c.key))
    .join(Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == bindparam("user_id"), FILE_IN_USE)
    .order_by(Files.id)
    .with_for_update(of=Files, key_share=True)
)
_ATTACH = insert(PostFiles)
_NOTE_ATTACHED = update(Files).where(Files.id == bindparam("of_file")).values(attached=True)
_bytes_of_files = (
    select(func.coalesce(func.sum(Blobs.size_bytes), 0))
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == bindparam("user_id"), FILE_IN_USE)
    .scalar_subquery()
)
_bytes_of_documents = (
    select(func.coalesce(func.sum(_documents.c.size_bytes), 0))
    .where(_documents.c.saved_by == bindparam("user_id"))
    .scalar_subquery()
)
_KEPT_BYTES = select(_bytes_of_files + _bytes_of_documents)
_HAS_CONTENT = (
    select(Files.id)
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(
        Files.uploader_id == bindparam("user_id"), Blobs.sha256 == bindparam("sha256"), FILE_IN_USE
    )
    .limit(1)
)
_INSERT = insert(Files).returning(Files.id)


async def kept_bytes(db: Transaction, *, by: Caller) -> int:
    """The bytes of the caller's files, and of the documents that she was the last to save.

    What is to stay true until the commit needs `lock_account`.
    """
    return int(await db.scalar_one(_KEPT_BYTES, user_id=by.id))


async def require_room(db: Transaction, size_bytes: int, quota_bytes: int, *, by: Caller) -> None:
    """Raises QuotaFull when the caller would keep more than `quota_bytes`."""
    if await kept_bytes(db, by=by) + size_bytes > quota_bytes:
        raise QuotaFull(quota_bytes)


async def has_content(db: Transaction, sha256: str, *, by: Caller) -> bool:
    """Whether a file of the caller has the bytes with this digest."""
    return await db.scalar(_HAS_CONTENT, user_id=by.id, sha256=sha256) is not None


async def add_file(db: Transaction, upload: Upload, quota_bytes: int, *, by: Caller) -> FileView:
    """A new file of the caller, which no post carries yet. Raises QuotaFull."""
    await lock_account(db, by.id)
    await require_room(db, upload.blob.size_bytes, quota_bytes, by=by)
    width, height = upload.image_size or (None, None)
    file_id = await db.scalar_one(
        _INSERT,
        blob_id=upload.blob.id,
        uploader_id=by.id,
        name=upload.name,
        media_type=upload.media_type,
        width=width,
        height=height,
        attached=False,
        created_at=now(),
    )
    return {
        "id": file_id,
        "name": upload.name,
        "size_bytes": upload.blob.size_bytes,
        "media_type": upload.media_type,
        "image": _size(width, height),
    }


async def list_files(db: Transaction, post_ids: Iterable[int]) -> dict[int, list[FileView]]:
    """The files of each post, in the order in which they were attached.

    Posts without files are left out.
    """
    found: dict[int, list[FileView]] = {}
    for row in await db.all(_OF_POSTS, post_ids=json_object(post_ids)):
        found.setdefault(row.post_id, []).append(_view(row))
    return found


async def find_own_files(db: Transaction, file_ids: Sequence[int], *, by: Caller) -> list[FileView]:
    """The caller's own files, in the given order, each once.

    Raises Invalid when one is not there, or when too many posts carry it already.
    """
    if not file_ids:
        return []
    rows = await db.all(_FIND_OWN, file_ids=json_object(file_ids), user_id=by.id)
    found = {row.id: _view(row) for row in rows}
    if missing := [str(file_id) for file_id in file_ids if file_id not in found]:
        raise Invalid({"file_ids": f"You have no such file: {', '.join(missing)}."})
    if full := [str(row.id) for row in rows if row.posts >= MAX_POSTS_A_FILE]:
        many = f"{MAX_POSTS_A_FILE} posts carry it already: {', '.join(full)}. Upload it anew."
        raise Invalid({"file_ids": many})
    return [found[file_id] for file_id in dict.fromkeys(file_ids)]


async def attach_files(db: Transaction, post_id: int, files: Sequence[FileView]) -> None:
    """Let a new post carry files, in their order."""
    places = [
        {"post_id": post_id, "file_id": file["id"], "place": place}
        for place, file in enumerate(files)
    ]
    await db.run_for_each(_ATTACH, places)
    await db.run_for_each(_NOTE_ATTACHED, [{"of_file": file["id"]} for file in files])


def _view(row: AnyRow) -> FileView:
    return {
        "id": row.id,
        "name": row.name,
        "size_bytes": row.size_bytes,
        "media_type": row.media_type,
        "image": _size(row.width, row.height),
    }


def _size(width: int | None, height: int | None) -> SizeView | None:
    if width is None or height is None:
        return None
    return {"width": width, "height": height}
