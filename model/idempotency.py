"""Answers kept for 24 hours, so that a request repeated with its key is carried out once.

The row of the key is inserted first in the transaction of the operation, and the answer is kept
last. So either both the change and its answer are there, or neither.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from model.database.row import load
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import Conflict
from model.user import Caller

_KEPT = timedelta(hours=24)


class IdempotencyKeys(Base):
    __tablename__ = "idempotency_keys"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]  # of the validated values
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


_insert = insert(IdempotencyKeys)
_CLAIM = _insert.on_conflict_do_update(
    index_elements=[IdempotencyKeys.user_id, IdempotencyKeys.route, IdempotencyKeys.key],
    set_={
        "fingerprint": _insert.excluded.fingerprint,
        "status": None,
        "answer": None,
        "created_at": _insert.excluded.created_at,
    },
    where=IdempotencyKeys.created_at < bindparam("forgotten_before"),
).returning(IdempotencyKeys.user_id)
_SAME = (
    IdempotencyKeys.user_id == bindparam("of_user"),
    IdempotencyKeys.route == bindparam("of_route"),
    IdempotencyKeys.key == bindparam("of_key"),
)
_FIND = select(
    IdempotencyKeys.fingerprint, IdempotencyKeys.status, IdempotencyKeys.answer.label("body")
).where(*_SAME)
_KEEP = update(IdempotencyKeys).where(*_SAME)
_FORGET = (
    delete(IdempotencyKeys)
    .where(IdempotencyKeys.created_at < bindparam("before"))
    .execution_options(in_thread=True)
)


async def claim_key(
    db: Transaction, route: str, key: str, values: bytes, *, by: Caller
) -> Answer | None:
    """The answer that was kept for this key; None when the request is to be carried out.

    `values` are the validated values of the request: raises Conflict when they are others than
    those that the key was first used with.
    """
    fingerprint = hashlib.sha256(values).hexdigest()
    claimed = await db.scalar(
        _CLAIM,
        user_id=by.id,
        route=route,
        key=key,
        fingerprint=fingerprint,
        created_at=now(),
        forgotten_before=now() - _KEPT,
    )
    if claimed is not None:
        return None
    kept = await db.first(_FIND, of_user=by.id, of_route=route, of_key=key)
    if kept is None or kept.fingerprint != fingerprint:
        raise Conflict(
            "idempotency_key_reused", "This Idempotency-Key was used for something else."
        )
    return load(Answer, kept)


async def keep_answer(db: Transaction, route: str, key: str, answer: Answer, *, by: Caller) -> None:
    """Keep the answer of the request that has claimed the key."""
    await db.run(
        _KEEP,
        of_user=by.id,
        of_route=route,
        of_key=key,
        status=answer.status,
        answer=answer.body,
    )


async def forget_old_answers(db: Transaction) -> None:
    await db.run(_FORGET, before=now() - _KEPT)
