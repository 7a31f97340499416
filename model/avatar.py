"""Which picture shows a person: the content of a blob, whose digest nobody can guess."""

import re

from sqlalchemy import bindparam, exists, select

from model.account import edit_profile
from model.database.unit_of_work import Transaction
from model.errors import NotFound
from model.storage.blob import Blob, Blobs, note_use
from model.user import User, Users

DIGEST = re.compile("[0-9a-f]{64}")  # PostgreSQL takes no text with NUL
FIND = select(Blobs.id, Blobs.sha256, Blobs.size_bytes).where(
    Blobs.sha256 == bindparam("sha256"),
    Blobs.leaving.is_(False),
    exists().where(Users.avatar == Blobs.sha256),
)


async def find_avatar(db: Transaction, sha256: str) -> Blob:
    """Of anybody, for everybody who knows its digest: those who see the person."""
    row = await db.first(FIND, sha256=sha256) if DIGEST.fullmatch(sha256) else None
    if row is None:
        raise NotFound("picture")
    return Blob(*row)


async def set_avatar(db: Transaction, user: User, sha256: str | None) -> User:
    """Whoever shares a group with the person is told."""
    await note_use(db, sha256=user.avatar)
    return await edit_profile(db, user, {"avatar": sha256})
