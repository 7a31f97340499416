"""Personal access tokens: sessions of a smaller scope, for programs that somebody lets act for her.

With the scope `read` a program sees and follows what she may, with `write` it does what she may do
in her groups. Neither gets at her account (api/middleware/scope.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select
from typing_extensions import TypedDict

from model.database.page import Page, pages
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.errors import Conflict, NotFound
from model.session import (
    IS_SESSION,
    OpenedSession,
    Sessions,
    new_token,
    require_recent_password,
    tell_revoked,
    token_digest,
)
from model.user import Caller, Scope, lock_account

TOKEN_LASTS = timedelta(days=365)  # without being used, unless its owner has said how long
MAX_TOKENS = 50


class TokenView(TypedDict):
    """A token, without the secret. Each use has it last for another year if it is `prolonged`.

    It was used last at `used_at`, give or take a day, from `address`; both are null before that.
    """

    id: int
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    prolonged: bool
    used_at: datetime | None
    address: str | None


_IS_TOKEN_OF = (Sessions.user_id == bindparam("user_id"), ~IS_SESSION)
_LIST = pages(
    select(
        Sessions.id,
        Sessions.name,
        Sessions.scope,
        Sessions.created_at,
        Sessions.expires_at,
        Sessions.prolonged,
        Sessions.used_at,
        Sessions.address,
    ).where(*_IS_TOKEN_OF, Sessions.expires_at > bindparam("now")),
    Sessions.id,
    newest_first=True,
)
_COUNT = select(func.count()).where(*_IS_TOKEN_OF, Sessions.expires_at > bindparam("now"))
_INSERT = insert(Sessions).returning(Sessions.id)
_DELETE = delete(Sessions).where(*_IS_TOKEN_OF, Sessions.id == bindparam("token_id"))


async def list_tokens(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[TokenView], int | None]:
    """The reader's own tokens that are not over, newest first."""
    values = {"user_id": reader.id, "now": now()}
    rows, following = page.cut(await db.all(_LIST.of(page), **values, **page.values))
    return [
        {
            "id": row.id,
            "name": row.name or "",
            "scope": row.scope,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "prolonged": row.prolonged,
            "used_at": row.used_at,
            "address": row.address,
        }
        for row in rows
    ], following


async def make_token(
    db: Transaction, name: str, scope: Scope, lasts: timedelta | None, *, by: Caller
) -> OpenedSession:
    """A new token of the caller's; without `lasts` each use has it last for another year.

    Raises Forbidden when she has not given her password lately, and Conflict for too many tokens.
    """
    await lock_account(db, by.id)
    require_recent_password(by)
    if await db.scalar_one(_COUNT, user_id=by.id, now=now()) >= MAX_TOKENS:
        raise Conflict("too_many_tokens", f"You have {MAX_TOKENS} tokens: revoke one first.")
    token, expires_at = new_token(), now() + (lasts or TOKEN_LASTS)
    token_id = await db.scalar_one(
        _INSERT,
        user_id=by.id,
        token_sha256=token_digest(token),
        agent="",
        scope=scope,
        name=name,
        created_at=now(),
        expires_at=expires_at,
        prolonged=lasts is None,
    )
    return OpenedSession(token_id, token, expires_at)


async def revoke_token(db: Transaction, token_id: int, *, by: Caller) -> None:
    """End one of the caller's own tokens. Raises NotFound when there is no such one."""
    if not await db.run(_DELETE, user_id=by.id, token_id=token_id):
        raise NotFound("token")
    tell_revoked(db, [token_id], by.id)
