"""Documents: any JSON under a key, in a channel or of one person.

Each time a document is saved it gets a new version. Whoever names the version that she has seen
overwrites no other one. Whoever saves has locked the channel, or her own account, so that people
save and are counted one after another.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NotRequired

import msgspec
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    and_,
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

from model.act import record_channel_act
from model.database.page import Page, pages
from model.database.row import AnyRow, columns_of
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.document_space import DocumentSpace, require_key
from model.documents.json_body import JsonValue, encoded, merge_patch, require_levels
from model.documents.precondition import Precondition
from model.errors import Conflict, NotFound, PreconditionFailed
from model.file import require_room
from model.log.event import record
from model.user import HAS_ACCOUNT, Caller, Users

_MAX_LISTED_BYTES = 4 * 1024


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
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    saved_at: Mapped[datetime]
    size_bytes: Mapped[int]
    body: Mapped[str] = mapped_column(Text)  # JSON
    __table_args__ = (
        UniqueConstraint("topic", "key"),
        Index(None, "topic", "id"),
        Index(None, "saved_by", "size_bytes"),  # both, to sum up what a person keeps
        CheckConstraint("(channel_id IS NULL) <> (owner_id IS NULL)", name="owner"),
        CheckConstraint(
            "topic = coalesce('channel:' || channel_id, 'user:' || owner_id)", name="topic"
        ),
        {"sqlite_autoincrement": True},
    )


class DocumentView(TypedDict):
    """A document: any JSON under a key. Lists and events leave out a `body` of more than 4 KiB."""

    id: int
    channel_id: int | None
    key: str
    version: int
    saved_by: int | None
    saved_at: datetime
    body: NotRequired[JsonValue]  # msgspec.Raw: the JSON as it is kept


@dataclass(frozen=True)
class Document:
    """One version of a document; `body` is the JSON as it is kept."""

    space: DocumentSpace
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
        """The entity tag of this version: no other document of this key, even later, has it."""
        return f'"{self.id}-{self.version}"'

    def counts_for(self, who: Caller) -> int:
        """The bytes of a person's quota that it takes: of whoever saved it last, nobody else's."""
        return len(self.body.encode()) if self.saved_by == who.id else 0

    def view(self) -> DocumentView:
        return document_view(self, self.space.channel_id, self.body)

    def listed_view(self) -> DocumentView:
        is_short = len(self.body.encode()) <= _MAX_LISTED_BYTES
        return document_view(self, self.space.channel_id, self.body if is_short else None)


_OF_TOPIC = Documents.topic == bindparam("of_topic")
_saved_by = Users.id.label("saved_by")  # while that account is there
_FOUND = [
    _saved_by if column.name == "saved_by" else column for column in columns_of(Documents, Document)
]
DOCUMENT_ROWS = select(*_FOUND).outerjoin_from(
    Documents, Users, and_(Users.id == Documents.saved_by, HAS_ACCOUNT)
)
_FIND = DOCUMENT_ROWS.where(_OF_TOPIC, Documents.key == bindparam("of_key"))
_short_body = case((Documents.size_bytes <= _MAX_LISTED_BYTES, Documents.body)).label("body")
_LISTED = [_short_body if column.name == "body" else column for column in _FOUND]
_beginning = func.substr(Documents.key, 1, bindparam("prefix_chars", type_=Integer))
_LIST = pages(
    DOCUMENT_ROWS.with_only_columns(*_LISTED).where(_OF_TOPIC, _beginning == bindparam("prefix")),
    Documents.id,
)
_COUNT = select(func.count()).select_from(Documents).where(_OF_TOPIC)
_INSERT = insert(Documents).returning(Documents.id)
_SAVE = update(Documents).where(Documents.id == bindparam("of_document"))
_DELETE = delete(Documents).where(Documents.id == bindparam("of_document"))


async def find_document(db: Transaction, space: DocumentSpace, key: str) -> Document:
    """The document under a key. Raises Invalid for what is no key, and NotFound."""
    require_key(key)
    document = await _find(db, space, key)
    if document is None:
        raise NotFound("document")
    return document


async def list_documents(
    db: Transaction, space: DocumentSpace, prefix: str, page: Page
) -> tuple[list[DocumentView], int | None]:
    """The documents whose key begins with `prefix`, oldest first."""
    values = {"of_topic": space.topic, "prefix": prefix, "prefix_chars": len(prefix)}
    rows, following = page.cut(await db.all(_LIST.of(page), **values, **page.values))
    return [document_view(row, space.channel_id, row.body) for row in rows], following


async def save_document(
    db: Transaction,
    space: DocumentSpace,
    key: str,
    body: JsonValue,
    condition: Precondition,
    quota_bytes: int,
    *,
    by: Caller,
) -> tuple[Document, bool]:
    """Save a document under a key: how it is now, and whether it is new.

    Raises Invalid for what is no key or has too many levels, TooLarge, Forbidden when the caller
    may not save there, PreconditionFailed when the condition does not hold, Conflict when the
    space is full, and QuotaFull when the caller would keep more than `quota_bytes`.
    """
    require_levels(body)
    current = await _find_to_write(db, space, key, condition, by=by)
    saved = await _save(db, space, key, current, body, quota_bytes, by=by)
    return saved, current is None


async def patch_document(
    db: Transaction,
    space: DocumentSpace,
    key: str,
    patch: JsonValue,
    condition: Precondition,
    quota_bytes: int,
    *,
    by: Caller,
) -> Document:
    """The document with a JSON Merge Patch.

    Raises what `save_document` raises, and NotFound when there is no document.
    """
    require_levels(patch)
    current = await _find_to_write(db, space, key, condition, by=by)
    if current is None:
        raise NotFound("document")
    body = merge_patch(msgspec.json.decode(current.body), patch)
    return await _save(db, space, key, current, body, quota_bytes, by=by)


async def delete_document(
    db: Transaction, space: DocumentSpace, key: str, condition: Precondition, *, by: Caller
) -> None:
    """Delete the document under a key, if the condition holds.

    Raises Invalid for what is no key, Forbidden when the caller may not delete it,
    PreconditionFailed when the condition does not hold, and NotFound.
    """
    require_key(key)
    space.require_deletable(key, by=by)
    document = await _find(db, space, key)
    _require(condition, document)
    if document is None:
        raise NotFound("document")
    await db.run(_DELETE, of_document=document.id)
    deleted, about = {"id": document.id, "key": key}, document.about
    record(db, space.topic, "document.deleted", deleted, by=by.id, about=about, scrubs=[about])
    if space.channel is not None and space.is_of_another(key, by=by):
        await record_channel_act(
            db, space.channel, "document.deleted", by=by, person_id=document.saved_by, subject=about
        )


async def _find(db: Transaction, space: DocumentSpace, key: str) -> Document | None:
    row = await db.first(_FIND, of_topic=space.topic, of_key=key)
    if row is None:
        return None
    return Document(space, row.id, row.key, row.version, row.saved_by, row.saved_at, row.body)


async def _find_to_write(
    db: Transaction, space: DocumentSpace, key: str, condition: Precondition, *, by: Caller
) -> Document | None:
    require_key(key)
    space.require_writable(key, by=by)
    document = await _find(db, space, key)
    _require(condition, document)
    return document


def _require(condition: Precondition, document: Document | None) -> None:
    tag = document.tag if document else None
    if not condition.holds(tag):
        raise PreconditionFailed(document.view() if document else None, tag)


async def _save(
    db: Transaction,
    space: DocumentSpace,
    key: str,
    current: Document | None,
    body: JsonValue,
    quota_bytes: int,
    *,
    by: Caller,
) -> Document:
    json = encoded(body)
    size_bytes = len(json.encode())
    grown_bytes = size_bytes - (current.counts_for(by) if current else 0)
    if grown_bytes > 0:
        await require_room(db, grown_bytes, quota_bytes, by=by)
    saved_at = now()
    values = {"saved_by": by.id, "saved_at": saved_at, "body": json, "size_bytes": size_bytes}
    if current is None:
        version = 1
        document_id = await _insert(db, space, key, version=version, **values)
    else:
        document_id, version = current.id, current.version + 1
        await db.run(_SAVE, of_document=document_id, version=version, **values)
    document = Document(space, document_id, key, version, by.id, saved_at, json)
    record(
        db,
        space.topic,
        "document.saved",
        document.listed_view(),
        by=by.id,
        about=document.about,
        scrubs=[document.about] if current else [],
    )
    return document


async def _insert(db: Transaction, space: DocumentSpace, key: str, **values: object) -> int:
    if await db.scalar_one(_COUNT, of_topic=space.topic) >= space.max_documents:
        few = f"There are at most {space.max_documents:,} documents here."
        raise Conflict("too_many_documents", few)
    return await db.scalar_one(
        _INSERT,
        topic=space.topic,
        channel_id=space.channel_id,
        owner_id=space.owner_id,
        key=key,
        **values,
    )


def document_view(
    document: Document | AnyRow, channel_id: int | None, body: str | None
) -> DocumentView:
    """What others see of a document; without a `body` it is left out."""
    view: DocumentView = {
        "id": document.id,
        "channel_id": channel_id,
        "key": document.key,
        "version": document.version,
        "saved_by": document.saved_by,
        "saved_at": document.saved_at,
    }
    if body is not None:
        view["body"] = msgspec.Raw(body)
    return view
