"""Sessions: an opaque random token that only its holder has; the table keeps its SHA-256."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, bindparam, delete, insert, select, true
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.page import Page, pages
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import NotFound
from model.log.event import Rights, judge_again, record
from model.user import Caller, PersonView, User, Users, person

LASTS = timedelta(days=30)
GRACE = timedelta(seconds=25)  # for a live connection, to renew its sign-in
MAX_AGENT_CHARS = 200


class Sessions(Base):
    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    agent: Mapped[str]  # what the browser says of itself, so that its owner knows it again
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = {"sqlite_autoincrement": True}


class SessionView(TypedDict):
    id: int
    agent: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Opened:
    """A session just opened: the only moment at which its token is known."""

    id: int
    token: str
    expires_at: datetime


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


CALLER = (
    select(
        Users.id,
        Users.username,
        Users.name,
        Users.avatar,
        Users.role,
        Sessions.id,
        Sessions.expires_at,
    )
    .join_from(Sessions, Users, Users.id == Sessions.user_id)
    .where(Sessions.expires_at > bindparam("now"), Users.active == true())
)
BY_TOKEN = CALLER.where(Sessions.token_sha256 == bindparam("token_sha256"))
BY_ID = CALLER.where(Sessions.id == bindparam("session_id"))
_sessions = json_rows("session_ids")
LIVING = CALLER.with_only_columns(Sessions.id, Users.id, Users.name, Users.avatar).join(
    _sessions, Sessions.id == number(_sessions.c.key)
)
INSERT = insert(Sessions).returning(Sessions.id)
LIST = pages(
    select(Sessions.id, Sessions.agent, Sessions.created_at, Sessions.expires_at).where(
        Sessions.user_id == bindparam("user_id"), Sessions.expires_at > bindparam("now")
    ),
    Sessions.id,
    newest_first=True,
)
_OWN = delete(Sessions).where(Sessions.user_id == bindparam("user_id"))
DELETE_ONE = _OWN.where(Sessions.id == bindparam("session_id"))
DELETE_OTHERS = _OWN.where(Sessions.id != bindparam("session_id")).returning(Sessions.id)
FORGET_EXPIRED = delete(Sessions).where(Sessions.expires_at < bindparam("now"))


async def find_caller(db: Transaction, token: str) -> Caller | None:
    row = await db.first(BY_TOKEN, token_sha256=digest(token), now=now())
    return Caller(*row) if row else None


async def find_caller_of_session(db: Transaction, session_id: int) -> Caller | None:
    row = await db.first(BY_ID, session_id=session_id, now=now())
    return Caller(*row) if row else None


async def living_sessions(db: Transaction, session_ids: Sequence[int]) -> dict[int, PersonView]:
    """Those that still sign somebody in on a live connection, with who that is by now."""
    rows = await db.all(LIVING, session_ids=json_object(session_ids), now=now() - GRACE)
    return {session_id: person(*of_user) for session_id, *of_user in rows}


async def open_session(db: Transaction, user: User, agent: str) -> Opened:
    token, expires_at = secrets.token_urlsafe(32), now() + LASTS
    session_id = await db.scalar(
        INSERT,
        user_id=user.id,
        token_sha256=digest(token),
        agent=agent[:MAX_AGENT_CHARS],
        created_at=now(),
        expires_at=expires_at,
    )
    return Opened(session_id, token, expires_at)


async def list_sessions(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[SessionView], int | None]:
    values = {"user_id": reader.id, "now": now()}
    rows, following = page.cut(await db.all(LIST.of(page), **values, **page.values))
    return [
        {
            "id": row.id,
            "agent": row.agent,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
        }
        for row in rows
    ], following


async def revoke_session(db: Transaction, session_id: int, *, by: Caller) -> None:
    if not await db.run(DELETE_ONE, user_id=by.id, session_id=session_id):
        raise NotFound("session")
    _tell(db, [session_id], by.id)


async def revoke_other_sessions(
    db: Transaction, user_id: int, *, but: int | None, by: int | None
) -> None:
    """All of a user, but for one of them."""
    rows = await db.all(DELETE_OTHERS, user_id=user_id, session_id=but or 0)
    if rows:
        _tell(db, [row.id for row in rows], user_id, by=by)


def _tell(db: Transaction, session_ids: list[int], user_id: int, *, by: int | None = None) -> None:
    record(db, f"user:{user_id}", "session.revoked", {"session_ids": session_ids}, by=by or user_id)
    judge_again(db, Rights(sessions=session_ids, reason="account"))


async def forget_expired_sessions(db: Transaction) -> None:
    await db.run(FORGET_EXPIRED, now=now())
