"""Moments in the future, which a clock has left that was ahead and then set right.

What is kept until some time after such a moment would be kept for longer by as much. So a moment
that is later than any that could be noted now is changed into the latest that could. Limits do so
whenever they are asked (model/limit.py), and the log when it is pruned (model/log/retention.py).
What only is shown, such as when a post was written, stays.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Update,
    bindparam,
    exists,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from model.account_link import LINK_LASTS_AT_MOST, AccountLinks
from model.act import Acts
from model.backup import Backups
from model.database.table import now
from model.database.unit_of_work import Database
from model.file import Files
from model.group import MUTE_LASTS_AT_MOST, KeptMutes, Memberships
from model.idempotency import IdempotencyKeys
from model.join_code import JOIN_CODE_LASTS_AT_MOST, JoinCodes
from model.session import IS_SESSION, SESSION_LASTS, Sessions
from model.storage.blob import Blobs
from model.token import TOKEN_LASTS
from model.username import RetiredUsernames

_latest: BindParameter[datetime] = bindparam("latest")


def _bring_back(
    moment: InstrumentedAttribute[Any], ahead: timedelta, *where: ColumnElement[bool]
) -> tuple[Select[bool], Update, timedelta]:
    """Whether a moment is later than so far ahead of now, and what changes that."""
    is_late = (moment > _latest, *where)
    changed = update(moment.class_).where(*is_late).values({moment.key: _latest})
    return select(exists().where(*is_late)), changed, ahead


_BRING_BACK = [  # each moment that is compared with now, and how far ahead of now it may be
    _bring_back(Sessions.created_at, timedelta()),
    _bring_back(Sessions.expires_at, SESSION_LASTS, IS_SESSION),
    _bring_back(Sessions.expires_at, TOKEN_LASTS, ~IS_SESSION),
    _bring_back(JoinCodes.expires_at, JOIN_CODE_LASTS_AT_MOST),
    _bring_back(AccountLinks.expires_at, LINK_LASTS_AT_MOST),
    _bring_back(RetiredUsernames.retired_at, timedelta()),
    _bring_back(Sessions.confirmed_at, timedelta()),
    _bring_back(Sessions.used_at, timedelta()),
    _bring_back(Memberships.muted_until, MUTE_LASTS_AT_MOST),
    _bring_back(KeptMutes.until, MUTE_LASTS_AT_MOST),
    _bring_back(IdempotencyKeys.created_at, timedelta()),
    _bring_back(Acts.at, timedelta()),
    _bring_back(Files.created_at, timedelta()),
    _bring_back(Blobs.used_at, timedelta()),
    _bring_back(Backups.created_at, timedelta()),
    _bring_back(Backups.made_at, timedelta()),
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
