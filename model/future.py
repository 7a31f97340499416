"""Moments in the future, which a clock has left that was ahead and then set right.

What is kept until some time after such a moment would be kept for longer by as much. So a moment
that is later than any that could be noted now is changed into the latest that could. Limits do so
whenever they are asked (model/limit.py), and the log when it is pruned (model/log/retention.py).
What only is shown, such as when a post was written, stays.
"""

from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam, exists, select, update

from model.account_link import LINK_LASTS_AT_MOST, AccountLinks
from model.database.table import now
from model.database.unit_of_work import Database
from model.file import Files
from model.group import MUTE_LASTS_AT_MOST, KeptMutes, Memberships
from model.idempotency import IdempotencyKeys
from model.join_code import JOIN_CODE_LASTS_AT_MOST, JoinCodes
from model.session import SESSION_LASTS, Sessions
from model.storage.blob import Blobs
from model.user import RetiredUsernames

_LATEST = (  # each moment that is compared with now, and how far ahead of now it may be
    (Sessions.created_at, timedelta()),
    (Sessions.expires_at, SESSION_LASTS),
    (JoinCodes.expires_at, JOIN_CODE_LASTS_AT_MOST),
    (AccountLinks.expires_at, LINK_LASTS_AT_MOST),
    (RetiredUsernames.retired_at, timedelta()),
    (Sessions.confirmed_at, timedelta()),
    (Memberships.muted_until, MUTE_LASTS_AT_MOST),
    (KeptMutes.until, MUTE_LASTS_AT_MOST),
    (IdempotencyKeys.created_at, timedelta()),
    (Files.created_at, timedelta()),
    (Blobs.used_at, timedelta()),
)
_latest: BindParameter[datetime] = bindparam("latest")
_BRING_BACK = [
    (
        select(exists().where(moment > _latest)),
        update(moment.class_).where(moment > _latest).values({moment.key: _latest}),
        ahead,
    )
    for moment, ahead in _LATEST
]


async def bring_back_moments(database: Database) -> int:
    """Change the moments that are too late; how many there were.

    Where there are none, nobody who writes waits.
    """
    moment, changed = now(), 0
    for has_later, bring_back, ahead in _BRING_BACK:
        async with database.read() as db:
            is_needed = await db.scalar_one(has_later, latest=moment + ahead)
        if is_needed:
            async with database.write() as db:
                changed += await db.run(bring_back, latest=moment + ahead)
    return changed
