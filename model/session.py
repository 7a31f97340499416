"""Sessions: only its holder has the random token of a session; the table keeps its SHA-256.

A session ends 30 days after it was last used, and a year after its sign-in at the latest
(model/used_session.py). Personal access tokens (model/token.py) are sessions of a smaller scope.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, bindparam, delete, insert, or_, select, true, update
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.json_rows import json_object, json_rows, number
from model.database.page import Page, pages
from model.database.row import columns_of, load
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction
from model.errors import Forbidden, NotFound, NotSignedIn
from model.log.event import Rights, judge_again, record
from model.user import Caller, PersonView, Scope, User, Users, person

SESSION_LASTS = timedelta(days=30)  # without being used
SESSION_LASTS_AT_MOST = timedelta(days=365)
SESSION_GRACE = timedelta(seconds=25)  # for a live connection, to renew its sign-in
CONFIRMATION_LASTS = timedelta(minutes=10)
_MAX_AGENT_CHARS = 200
_MAX_RECENT_CALLERS = 10_000


class Sessions(Base):
    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    agent: Mapped[str]  # what the browser says of itself, so that its owner knows it again
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    scope: Mapped[Scope] = mapped_column(one_of(Scope, "scope"), server_default=Scope.SESSION)
    name: Mapped[str | None]  # of a personal access token
    confirmed_at: Mapped[datetime | None]  # when the password was given last
    used_at: Mapped[datetime | None]
    address: Mapped[str | None]  # from where it was used last
    prolonged: Mapped[bool] = mapped_column(server_default=true())  # while it is used
    __table_args__ = {"sqlite_autoincrement": True}


class SessionView(TypedDict):
    """Where one is signed in, until `expires_at` if it is not used before.

    It was used last at `used_at`, give or take a day, from `address`. Both are null until they are
    known.
    """

    id: int
    agent: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    address: str | None


@dataclass(frozen=True)
class OpenedSession:
    """A session that was just opened. Its token is never known again."""

    id: int
    token: str
    expires_at: datetime


def new_token() -> str:
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_CALLERS = (
    select(
        *columns_of(Users, Caller),
        Sessions.id.label("session_id"),
        Sessions.created_at.label("signed_in_at"),
        Sessions.expires_at,
        Sessions.scope,
        Sessions.confirmed_at,
        Sessions.used_at,
        Sessions.address,
        Sessions.prolonged,
    )
    .join_from(Sessions, Users, Users.id == Sessions.user_id)
    .where(Sessions.expires_at > bindparam("now"), Users.active == true())
)
_BY_TOKEN = _CALLERS.where(Sessions.token_sha256 == bindparam("token_sha256"))
_BY_ID = _CALLERS.where(Sessions.id == bindparam("session_id"))
_STAYS = _BY_ID.with_for_update(of=Sessions, read=True, key_share=True)
_MAY_END = (
    select(Sessions.id)
    .where(or_(Sessions.id == bindparam("session_id"), Sessions.user_id == bindparam("user_id")))
    .order_by(Sessions.id)
    .with_for_update()
)
_sessions = json_rows("session_ids")
_PEOPLE_OF_SESSIONS = _CALLERS.with_only_columns(
    Sessions.id.label("session_id"), Users.id, Users.name, Users.avatar
).join(_sessions, Sessions.id == number(_sessions.c.key))
_INSERT = insert(Sessions).returning(Sessions.id)
IS_SESSION = Sessions.scope == Scope.SESSION
"""Of `Sessions`: false for personal access tokens."""

_LIST = pages(
    select(
        Sessions.id,
        Sessions.agent,
        Sessions.created_at,
        Sessions.expires_at,
        Sessions.used_at,
        Sessions.address,
    ).where(
        Sessions.user_id == bindparam("user_id"),
        Sessions.expires_at > bindparam("now"),
        IS_SESSION,
    ),
    Sessions.id,
    newest_first=True,
)
_CONFIRM = update(Sessions).where(Sessions.id == bindparam("of_session"))
_OWN = delete(Sessions).where(Sessions.user_id == bindparam("user_id"))
_DELETE_ONE = _OWN.where(Sessions.id == bindparam("session_id"), IS_SESSION)
_DELETE_OTHERS = _OWN.where(Sessions.id != bindparam("session_id")).returning(Sessions.id)
_SIGN_OUT_OTHERS = _DELETE_OTHERS.where(IS_SESSION)
_FORGET_EXPIRED = (
    delete(Sessions).where(Sessions.expires_at < bindparam("now")).execution_options(in_thread=True)
)


class RecentCallers:
    """Who came with a token lately. The session may have ended since: this lets in, not more."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, Caller] = OrderedDict()

    def of(self, token: str) -> Caller | None:
        return self._callers.get(token_digest(token))

    def remember(self, token: str, caller: Caller) -> None:
        self._callers[token_digest(token)] = caller
        if len(self._callers) > _MAX_RECENT_CALLERS:
            self._callers.popitem(last=False)

    def forget(self, token: str) -> None:
        self._callers.pop(token_digest(token), None)


async def find_caller(db: Transaction, token: str) -> Caller | None:
    """Whoever signed in with this token; None when the session is over."""
    row = await db.first(_BY_TOKEN, token_sha256=token_digest(token), now=now())
    return load(Caller, row) if row else None


async def find_caller_of_session(db: Transaction, session_id: int) -> Caller | None:
    """Whoever is signed in by a session; None when it is over."""
    row = await db.first(_BY_ID, session_id=session_id, now=now())
    return load(Caller, row) if row else None


async def judge_caller(db: Transaction, caller: Caller, *, ending: int | None = None) -> Caller:
    """The caller as she is now. Raises NotSignedIn when her session is over.

    It is the first thing in a transaction; in a write the session then stays until the commit.
    `ending` is the user whose sessions the write may end: they are locked before anything else,
    in order, so that no two writes wait for each other.
    """
    if ending is not None and db.locks_rows:
        await db.all(_MAY_END, session_id=caller.session_id, user_id=ending)
    statement = _STAYS if db.locks_rows else _BY_ID
    row = await db.first(statement, session_id=caller.session_id, now=now())
    if row is None:
        raise NotSignedIn
    return load(Caller, row)


async def lock_sessions_of(db: Transaction, user_id: int) -> None:
    """Lock what somebody who is not signed in is going to end, before anything else."""
    if db.locks_rows:
        await db.all(_MAY_END, session_id=0, user_id=user_id)


def require_recent_password(by: Caller) -> None:
    """Raises Forbidden when the caller has not given her password within ten minutes.

    `by` is the caller as a unit of work finds her: what a worker remembers of her may be older.
    """
    if by.confirmed_at is None or by.confirmed_at < now() - CONFIRMATION_LASTS:
        raise Forbidden("password_needed", "Enter your password again to do this.")


async def confirm_session(db: Transaction, *, by: Caller) -> None:
    """Note that the caller has given her password just now."""
    await db.run(_CONFIRM, of_session=by.session_id, confirmed_at=now())


async def people_of_sessions(db: Transaction, session_ids: Sequence[int]) -> dict[int, PersonView]:
    """The person on a live connection of each session. Sessions that are over are left out."""
    rows = await db.all(
        _PEOPLE_OF_SESSIONS, session_ids=json_object(session_ids), now=now() - SESSION_GRACE
    )
    return {row.session_id: person(row.id, row.name, row.avatar) for row in rows}


async def open_session(
    db: Transaction, user: User, agent: str, address: str | None = None
) -> OpenedSession:
    """Sign a user in from an address; `agent` is what the browser says of itself."""
    token = new_token()
    expires_at = now() + SESSION_LASTS
    session_id = await db.scalar_one(
        _INSERT,
        user_id=user.id,
        token_sha256=token_digest(token),
        agent=agent[:_MAX_AGENT_CHARS],
        created_at=now(),
        expires_at=expires_at,
        confirmed_at=now(),
        used_at=now(),
        address=address,
    )
    return OpenedSession(session_id, token, expires_at)


async def list_sessions(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[SessionView], int | None]:
    """The reader's own sessions that are not over, newest first."""
    values = {"user_id": reader.id, "now": now()}
    rows, following = page.cut(await db.all(_LIST.of(page), **values, **page.values))
    return [
        {
            "id": row.id,
            "agent": row.agent,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "used_at": row.used_at,
            "address": row.address,
        }
        for row in rows
    ], following


async def revoke_session(db: Transaction, session_id: int, *, by: Caller) -> None:
    """End one of the caller's own sessions. Raises NotFound when there is no such one."""
    if not await db.run(_DELETE_ONE, user_id=by.id, session_id=session_id):
        raise NotFound("session")
    tell_revoked(db, [session_id], by.id)


async def sign_out_elsewhere(db: Transaction, *, by: Caller) -> None:
    """End all other sessions of the caller; her tokens stay."""
    rows = await db.all(_SIGN_OUT_OTHERS, user_id=by.id, session_id=by.session_id)
    if rows:
        tell_revoked(db, [row.id for row in rows], by.id)


async def revoke_other_sessions(
    db: Transaction, user_id: int, *, but: int | None, by: int | None
) -> None:
    """End all sessions and tokens of a user but the session `but`."""
    rows = await db.all(_DELETE_OTHERS, user_id=user_id, session_id=but or 0)
    if rows:
        tell_revoked(db, [row.id for row in rows], user_id, by=by)


def tell_revoked(
    db: Transaction, session_ids: list[int], user_id: int, *, by: int | None = None
) -> None:
    """Tell a user, and live connections, that some sessions or tokens of hers are over."""
    record(db, f"user:{user_id}", "session.revoked", {"session_ids": session_ids}, by=by or user_id)
    judge_again(db, Rights(sessions=session_ids, reason="account"))


async def forget_expired_sessions(db: Transaction) -> None:
    await db.run(_FORGET_EXPIRED, now=now())
