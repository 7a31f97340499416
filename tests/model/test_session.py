"""Which sessions still sign somebody in, and until when."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.log.event import write_events
from model.session import (
    Sessions,
    UsedSessions,
    find_caller,
    open_session,
    people_of_sessions,
    revoke_session,
)
from model.user import Caller, User, create_user

A_DAY = timedelta(days=1)
DAYS = [  # since the sign-in; until the end; until then when it is used now
    (0.9, 29.1, 29.1),  # nothing is written more than once a day
    (1.1, 28.9, 30),
    (29.9, 0.1, 30),
    (350, 10, 15),
    (364.5, 0.2, 0.2),
    (400, 5, 5),
]


async def test_any_number_of_sessions_is_judged_at_once(database_url: str) -> None:
    """A judgement is of all live connections of a worker."""
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        lives, ended = [await open_session(db, ann, "tests") for _ in range(2)]
        caller = await find_caller(db, lives.token)
        assert caller
        await revoke_session(db, ended.id, by=caller)
    async with database.read() as db:
        people = await people_of_sessions(db, range(1, 40_001))
    await database.close()
    assert people == {lives.id: caller.person}


async def ends(database: Database) -> list[datetime]:
    async with database.read() as db:
        return [
            row.expires_at
            for row in await db.all(select(Sessions.expires_at).order_by(Sessions.id))
        ]


async def opened(db: Transaction, user: User, days: float, left: float) -> Caller:
    """Whoever has signed in some days ago."""
    session = await open_session(db, user, "tests")
    times = {"created_at": now() - days * A_DAY, "expires_at": now() + left * A_DAY}
    await db.run(update(Sessions).where(Sessions.id == session.id), **times)
    caller = await find_caller(db, session.token)
    assert caller
    return caller


async def test_a_session_ends_thirty_days_after_it_was_used_and_after_a_year(
    database_url: str,
) -> None:
    database, used = Database(database_url, before_commit=write_events), UsedSessions()
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        for days, left, left_then in DAYS:
            until = used.note(await opened(db, ann, days, left))
            assert (until is None) == (left == left_then)
    before = now()
    await used.prolong(database)
    for (_, _, left_then), end in zip(DAYS, await ends(database), strict=True):
        assert abs(end - before - left_then * A_DAY) < timedelta(minutes=1)
    await database.close()


async def test_a_session_that_is_over_meanwhile_does_not_come_back(database_url: str) -> None:
    database, used = Database(database_url, before_commit=write_events), UsedSessions()
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        over, revoked, prolonged = [await opened(db, ann, 10, 20) for _ in range(3)]
        for caller in (over, revoked, prolonged):
            used.note(caller)
        await revoke_session(db, revoked.session_id, by=revoked)
        for caller, left in ((over, -0.01), (prolonged, 29.5)):
            this = update(Sessions).where(Sessions.id == caller.session_id)
            await db.run(this, expires_at=now() + left * A_DAY)
    before = await ends(database)
    await used.prolong(database)
    assert await ends(database) == before
    await database.close()
