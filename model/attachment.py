"""Files as posts carry them. A file lives until the last post that carried it is gone."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, exists, false, func, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.table import Base
from model.database.unit_of_work import Transaction
from model.errors import Invalid
from model.storage.blob import Blobs
from model.user import Caller

MAX_FILES_A_POST = 10
MAX_POSTS_A_FILE = 100  # each is told when the file is deleted


class Files(Base):
    """`attached`: a post has carried it; before that only its uploader knows of it."""

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
    __tablename__ = "post_files"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    file_id: Mapped[int] = mapped_column(
        ForeignKey("files.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    place: Mapped[int]


class SizeView(TypedDict):
    """In pixels."""

    width: int
    height: int


class FileView(TypedDict):
    """`image` is the size of a picture of which there are thumbnails."""

    id: int
    name: str
    size_bytes: int
    media_type: str
    image: SizeView | None


COLUMNS = (
    Files.id,
    Files.name,
    Blobs.size_bytes,
    Files.media_type,
    Files.width,
    Files.height,
)
LIVING = or_(Files.attached == false(), exists().where(PostFiles.file_id == Files.id))

_posts, _wanted = json_rows("post_ids"), json_rows("file_ids")
OF_POSTS = (
    select(PostFiles.post_id, *COLUMNS)
    .join_from(_posts, PostFiles, PostFiles.post_id == number(_posts.c.key))
    .join(Files, Files.id == PostFiles.file_id)
    .join(Blobs, Blobs.id == Files.blob_id)
    .order_by(PostFiles.post_id, PostFiles.place)
)
_posts_of_file = select(func.count()).where(PostFiles.file_id == Files.id).scalar_subquery()
MINE = (
    select(*COLUMNS, _posts_of_file.label("posts"))
    .join_from(_wanted, Files, Files.id == number(_wanted.c.key))
    .join(Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == bindparam("user_id"), LIVING)
    .order_by(Files.id)
    .with_for_update(of=Files, key_share=True)
)
ATTACHED = update(Files).where(Files.id == bindparam("of_file")).values(attached=True)


def file_view(
    file_id: int, name: str, size_bytes: int, media_type: str, width: int | None, height: int | None
) -> FileView:
    image: SizeView | None = None
    if width is not None and height is not None:
        image = {"width": width, "height": height}
    return {
        "id": file_id,
        "name": name,
        "size_bytes": size_bytes,
        "media_type": media_type,
        "image": image,
    }


async def list_files(db: Transaction, post_ids: Iterable[int]) -> dict[int, list[FileView]]:
    """Of posts, in the order in which they were attached; those without any are left out."""
    found: dict[int, list[FileView]] = {}
    for post_id, *of_file in await db.all(OF_POSTS, post_ids=json_object(post_ids)):
        found.setdefault(post_id, []).append(file_view(*of_file))
    return found


async def find_own_files(db: Transaction, file_ids: Sequence[int], *, by: Caller) -> list[FileView]:
    """In the given order; raises Invalid unless all are there, one's own, and in few posts yet."""
    rows = await db.all(MINE, file_ids=json_object(file_ids), user_id=by.id) if file_ids else []
    found = {row.id: file_view(*row[:-1]) for row in rows}
    if missing := [str(file_id) for file_id in file_ids if file_id not in found]:
        raise Invalid({"file_ids": f"You have no such file: {', '.join(missing)}."})
    if worn := [str(row.id) for row in rows if row.posts >= MAX_POSTS_A_FILE]:
        many = f"{MAX_POSTS_A_FILE} posts carry it already: {', '.join(worn)}. Upload it anew."
        raise Invalid({"file_ids": many})
    return [found[file_id] for file_id in dict.fromkeys(file_ids)]


async def attach_files(db: Transaction, post_id: int, files: Sequence[FileView]) -> None:
    places = [
        {"post_id": post_id, "file_id": file["id"], "place": place}
        for place, file in enumerate(files)
    ]
    await db.run_for_each(insert(PostFiles), places)
    await db.run_for_each(ATTACHED, [{"of_file": file["id"]} for file in files])
