"""Blobs: bytes that are kept, once for each content. model/storage/store.py has the bytes.

A row is there before its bytes are put in their place and until they are removed, whatever is
killed in between. A file refers to it only when its bytes are durable.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index, and_, bindparam, or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from model.database.table import Base, now
from model.database.unit_of_work import Transaction

_KEPT = text("NOT leaving")


class Blobs(Base):
    """`leaving` says that its bytes are being removed: if they come again, they are a new blob."""

    __tablename__ = "blobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    leaving: Mapped[bool]
    used_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (
        Index("uq_blobs_sha256", "sha256", unique=True, sqlite_where=_KEPT, postgresql_where=_KEPT),
        {"sqlite_autoincrement": True},
    )


@dataclass(frozen=True)
class Blob:
    id: int
    sha256: str
    size_bytes: int

    @property
    def key(self) -> str:
        """The key of its bytes in the store, which no other blob ever has."""
        return f"{self.sha256[:2]}/{self.sha256[2:]}-{self.id}"

    def thumbnail_key(self, pixels: int) -> str:
        return f"{self.key}.{pixels}.webp"


_insert = insert(Blobs)
_EXPECT = _insert.on_conflict_do_update(
    index_elements=[Blobs.sha256],
    index_where=_KEPT,
    set_={"used_at": _insert.excluded.used_at},
).returning(Blobs.id)
_NOTE_USE = update(Blobs).where(
    or_(
        Blobs.id == bindparam("of_blob"),
        and_(Blobs.sha256 == bindparam("of_sha256"), _KEPT),
    )
)


async def expect_blob(db: Transaction, sha256: str, size_bytes: int) -> Blob:
    """The blob of bytes that are about to be put in their place, and then kept for a day."""
    blob_id = await db.scalar_one(
        _EXPECT, sha256=sha256, size_bytes=size_bytes, leaving=False, used_at=now()
    )
    return Blob(blob_id, sha256, size_bytes)


async def note_use(
    db: Transaction, blob_id: int | None = None, *, sha256: str | None = None
) -> None:
    """Note that a blob is needed until now: one by its id, or by the digest that people keep."""
    await db.run(_NOTE_USE, of_blob=blob_id, of_sha256=sha256, used_at=now())
