"""Documents: any JSON under a key, in a channel or of one person.

A saved document has a new version. Who says which version she has seen overwrites no other one.
Whoever writes has locked the channel, or the own account: one after another saves and counts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired

import msgspec
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.page import Page, pages
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.documents.document_space import Shelf, require_key
from model.documents.json_body import Json, encoded, require_levels
from model.documents.merge_patch import merge_patch
from model.documents.precondition import Precondition
from model.errors import Conflict, NotFound, PreconditionFailed
from model.log.event import record
from model.user import Caller

MAX_LISTED_BYTES = 4 * 1024


class Documents(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]  # of the channel or the person
    channel_id: Mapped[int | None] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str]
    version: Mapped[int]
    saved_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    saved_at: Mapped[datetime]
    size_bytes: Mapped[int]
    body: Mapped[str] = mapped_column(Text)  # JSON
    __table_args__ = (
        UniqueConstraint("topic", "key"),
        Index(None, "topic", "id"),
        CheckConstraint("(channel_id IS NULL) <> (owner_id IS NULL)", name="owner"),
        CheckConstraint(
            "topic = coalesce('channel:' || channel_id, 'user:' || owner_id)", name="topic"
        ),
        {"sqlite_autoincrement": True},
    )


class DocumentView(TypedDict):
    """Any JSON under a key. Lists and events leave out a `body` of more than 4 KiB."""

    id: int
    channel_id: int | None
    key: str
    version: int
    saved_by: int | None
    saved_at: datetime
    body: NotRequired[Any]  # msgspec.Raw: the JSON as it is kept


@dataclass(frozen=True)
class Document:
    shelf: Shelf
    id: int
    key: str
    version: int
    saved_by: int | None
    saved_at: datetime
    body: str

    @property
    def about(self) -> str:
        return f"document:{self.id}"

    @property
    def tag(self) -> str:
        """Of this version. No other document, not even a later one of this key, ever has it."""
        return f'"{self.id}-{self.version}"'

    def view(self) -> DocumentView:
        return _view(self, self.shelf, self.body)

    def listed_view(self) -> DocumentView:
        is_short = len(self.body.encode()) <= MAX_LISTED_BYTES
        return _view(self, self.shelf, self.body if is_short else None)


COLUMNS = (
    Documents.id,
    Documents.key,
    Documents.version,
    Documents.saved_by,
    Documents.saved_at,
)
OF_TOPIC = Documents.topic == bindparam("of_topic")
FIND = select(*COLUMNS, Documents.body).where(OF_TOPIC, Documents.key == bindparam("of_key"))
_short_body = case((Documents.size_bytes <= MAX_LISTED_BYTES, Documents.body)).label("body")
_beginning = func.substr(Documents.key, 1, bindparam("prefix_chars", type_=Integer))
LIST = pages(
    select(*COLUMNS, _short_body).where(OF_TOPIC, _beginning == bindparam("prefix")), Documents.id
)
COUNT = select(func.count()).select_from(Documents).where(OF_TOPIC)
INSERT = insert(Documents).returning(Documents.id)
SAVE = update(Documents).where(Documents.id == bindparam("of_document"))
DELETE = delete(Documents).where(Documents.id == bindparam("of_document"))


async def find_document(db: Transaction, shelf: Shelf, key: str) -> Document:
    require_key(key)
    document = await _find(db, shelf, key)
    if document is None:
        raise NotFound("document")
    return document


async def list_documents(
    db: Transaction, shelf: Shelf, prefix: str, page: Page
) -> tuple[list[DocumentView], int | None]:
    """Those whose key begins so, oldest first."""
    wanted = {"of_topic": shelf.topic, "prefix": prefix, "prefix_chars": len(prefix)}
    rows, following = page.cut(await db.all(LIST.of(page), **wanted, **page.values))
    return [_view(row, shelf, row.body) for row in rows], following


async def save_document(
    db: Transaction, shelf: Shelf, key: str, body: Json, condition: Precondition, *, by: Caller
) -> tuple[Document, bool]:
    """The document as it is now, and whether it is new."""
    require_levels(body)
    current = await _find_to_write(db, shelf, key, condition, by=by)
    return await _save(db, shelf, key, current, body, by=by), current is None


async def patch_document(
    db: Transaction, shelf: Shelf, key: str, patch: Json, condition: Precondition, *, by: Caller
) -> Document:
    require_levels(patch)
    current = await _find_to_write(db, shelf, key, condition, by=by)
    if current is None:
        raise NotFound("document")
    body = merge_patch(msgspec.json.decode(current.body), patch)
    return await _save(db, shelf, key, current, body, by=by)


async def delete_document(
    db: Transaction, shelf: Shelf, key: str, condition: Precondition, *, by: Caller
) -> None:
    require_key(key)
    shelf.require_deletable(key, by=by)
    document = await _find(db, shelf, key)
    _require(condition, document)
    if document is None:
        raise NotFound("document")
    await db.run(DELETE, of_document=document.id)
    deleted, about = {"id": document.id, "key": key}, document.about
    record(db, shelf.topic, "document.deleted", deleted, by=by.id, about=about, scrubs=[about])


async def _find(db: Transaction, shelf: Shelf, key: str) -> Document | None:
    row = await db.first(FIND, of_topic=shelf.topic, of_key=key)
    return Document(shelf, *row) if row else None


async def _find_to_write(
    db: Transaction, shelf: Shelf, key: str, condition: Precondition, *, by: Caller
) -> Document | None:
    require_key(key)
    shelf.require_writable(key, by=by)
    document = await _find(db, shelf, key)
    _require(condition, document)
    return document


def _require(condition: Precondition, document: Document | None) -> None:
    tag = document.tag if document else None
    if not condition.holds(tag):
        raise PreconditionFailed(document.view() if document else None, tag)


async def _save(
    db: Transaction, shelf: Shelf, key: str, current: Document | None, body: Json, *, by: Caller
) -> Document:
    json = encoded(body)
    version = current.version + 1 if current else 1
    saved: dict[str, Any] = {"version": version, "saved_by": by.id, "saved_at": now(), "body": json}
    if current is None:
        document_id = await _insert(db, shelf, key, saved)
    else:
        document_id = current.id
        await db.run(SAVE, of_document=document_id, size_bytes=len(json.encode()), **saved)
    document = Document(shelf, document_id, key, **saved)
    about = document.about
    scrubs = [about] if current else []
    view = document.listed_view()
    record(db, shelf.topic, "document.saved", view, by=by.id, about=about, scrubs=scrubs)
    return document


async def _insert(db: Transaction, shelf: Shelf, key: str, saved: dict[str, Any]) -> int:
    if await db.scalar(COUNT, of_topic=shelf.topic) >= shelf.max_documents:
        few = f"There are at most {shelf.max_documents:,} documents here."
        raise Conflict("too_many_documents", few)
    document_id: int = await db.scalar(
        INSERT,
        topic=shelf.topic,
        channel_id=shelf.channel_id,
        owner_id=shelf.owner_id,
        key=key,
        size_bytes=len(saved["body"].encode()),
        **saved,
    )
    return document_id


def _view(row: Any, shelf: Shelf, body: str | None) -> DocumentView:
    """Of a `Document`, or of a row with the same attributes."""
    view: DocumentView = {
        "id": row.id,
        "channel_id": shelf.channel_id,
        "key": row.key,
        "version": row.version,
        "saved_by": row.saved_by,
        "saved_at": row.saved_at,
    }
    if body is not None:
        view["body"] = msgspec.Raw(body)
    return view
