"""That sessions and tokens are used, and from where: it makes most of them last longer.

That is written beside the requests: with the first one of a day, or when somebody has moved.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, case, or_, update

from model.database.table import now
from model.database.unit_of_work import Database
from model.session import SESSION_LASTS, SESSION_LASTS_AT_MOST, Sessions
from model.token import TOKEN_LASTS
from model.user import Caller, Scope, Users

_PROLONGED_AFTER = timedelta(days=1)
_PLACE_COUNTS_AFTER = timedelta(minutes=10)  # some networks change it with each request

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_moment = Sessions.expires_at.type
_until, _a_day_before = bindparam("until", type_=_moment), bindparam("a_day_before", type_=_moment)
_NOTE = (
    update(Sessions)
    .where(Sessions.id == bindparam("of_session"), Sessions.expires_at > bindparam("now"))
    .values(
        expires_at=case((Sessions.expires_at <= _a_day_before, _until), else_=Sessions.expires_at),
        used_at=bindparam("now"),
        address=bindparam("used_from"),
    )
)
"""It finds no session that is over, and prolongs none that was prolonged within a day."""

_SEEN = (
    update(Users)
    .where(
        Users.id == bindparam("of_user"),
        or_(Users.last_seen_on.is_(None), Users.last_seen_on < bindparam("today")),
    )
    .values(last_seen_on=bindparam("today"))
)


class UsedSessions:
    """The sessions of a worker that were used, of which that has to be written.

    What is lost before it is written, because the database or the worker goes, is noted again with
    the next use.
    """

    def __init__(self) -> None:
        self.noted = asyncio.Event()
        self._uses: dict[int, tuple[Caller, str]] = {}

    def note(self, caller: Caller, address: str) -> datetime | None:
        """Note that the caller's session is used from there; its new end, or None if it stays."""
        until = self.new_end(caller)
        if until is not None or _is_news(caller, address):
            self._uses[caller.session_id] = caller, address
            self.noted.set()
        return until

    @staticmethod
    def new_end(caller: Caller) -> datetime | None:
        until = _latest_end(caller)
        return until if until - caller.expires_at >= _PROLONGED_AFTER else None

    async def write(self, database: Database) -> None:
        """Write what was noted, of those that are not over meanwhile."""
        self.noted.clear()
        uses, self._uses = sorted(self._uses.items()), {}
        moment = now()
        used = [
            {
                "of_session": session_id,
                "now": moment,
                "a_day_before": (until := _latest_end(caller)) - _PROLONGED_AFTER,
                "until": until,
                "used_from": address,
            }
            for session_id, (caller, address) in uses
        ]
        seen = {caller.id for _, (caller, _) in uses if caller.scope == Scope.SESSION}
        today = _day_of(moment)
        async with database.write() as db:
            await db.run_for_each(_NOTE, used)
            await db.run_for_each(
                _SEEN, [{"of_user": user_id, "today": today} for user_id in sorted(seen)]
            )


def _latest_end(caller: Caller) -> datetime:
    """When the caller's session ends if it is used now and never again."""
    if not caller.prolonged:
        return caller.expires_at
    if caller.scope != Scope.SESSION:
        return now() + TOKEN_LASTS
    return min(now() + SESSION_LASTS, caller.signed_in_at + SESSION_LASTS_AT_MOST)


def _is_news(caller: Caller, address: str) -> bool:
    """Whether it has to be written that the caller's session is used, and from this address."""
    today = _day_of(now())
    if caller.used_at is None or caller.used_at < today:
        return True
    if caller.scope == Scope.SESSION and (caller.last_seen_on or _LONG_AGO) < today:
        return True
    return caller.address != address and now() - caller.used_at >= _PLACE_COUNTS_AFTER


def _day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
