"""Files by the posts that carry them: who may find one, and what deleting one changes.

Both need posts, channels and members, so they stand apart from model/file.py.
"""

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, delete, exists, or_, select

from model.channel import READABLE_CHANNEL, Channels
from model.database.row import columns_of, load
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, NotFound
from model.file import FILE_IN_USE, Files, PostFiles
from model.group import Memberships
from model.log.event import record
from model.post import POST_ROWS, Posts, post_views
from model.storage.blob import Blob, Blobs, note_use
from model.user import Caller


@dataclass(frozen=True)
class File:
    """A file as somebody who may fetch it finds it, with where its bytes are."""

    id: int
    name: str
    media_type: str
    has_thumbnails: bool
    uploader_id: int | None
    blob: Blob


_in_readable_post = exists().where(
    PostFiles.file_id == Files.id,
    Posts.id == PostFiles.post_id,
    Channels.id == Posts.channel_id,
    Memberships.group_id == Channels.group_id,
    Memberships.user_id == bindparam("reader_id"),
    READABLE_CHANNEL,
)
_FIND = finder(
    select(
        *columns_of(Files, File),
        Files.width.is_not(None).label("has_thumbnails"),
        *columns_of(Blobs, Blob, "blob_"),
    )
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(
        Files.id == bindparam("file_id"),
        or_(
            and_(Files.uploader_id == bindparam("reader_id"), FILE_IN_USE),
            _in_readable_post,
        ),
    ),
    locks=[Files],
)
_DELETE = delete(Files).where(Files.id == bindparam("of_file"))
_POSTS_OF_FILE = (
    POST_ROWS.join(PostFiles, PostFiles.post_id == Posts.id)
    .where(PostFiles.file_id == bindparam("file_id"))
    .order_by(Posts.id)
    .with_for_update(of=Posts, key_share=True)
)


async def find_file(db: Transaction, file_id: int, *, reader: Caller) -> File:
    """The reader's own file, or one in a post that the reader may read. Raises NotFound."""
    row = await db.find(_FIND, file_id=file_id, reader_id=reader.id)
    if row is None:
        raise NotFound("file")
    return load(File, row)


async def delete_file(db: Transaction, file: File, *, by: Caller) -> None:
    """Delete a file, also from the posts that carry it and that its uploader may not read.

    Raises Forbidden when the caller is not its uploader.
    """
    if file.uploader_id != by.id:
        raise Forbidden("file_not_yours", "Only its uploader may delete a file.")
    posts = await db.all(_POSTS_OF_FILE, file_id=file.id)
    await db.run(_DELETE, of_file=file.id)
    await note_use(db, file.blob.id)
    for view in await post_views(db, posts):
        about = f"post:{view['id']}"
        topic = f"channel:{view['channel_id']}"
        record(db, topic, "post.edited", view, by=by.id, about=about, scrubs=[about])
