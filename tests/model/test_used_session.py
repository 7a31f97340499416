"""Which sessions still sign somebody in, until when, and from where they were used."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from model.database.page import Page
from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.log.event import write_events
from model.session import Sessions, find_caller, list_sessions, open_session, revoke_session
from model.token import list_tokens, make_token
from model.used_session import UsedSessions
from model.user import Caller, Scope, User, Users, create_user

A_DAY = timedelta(days=1)
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.0"
DAYS = [  # since the sign-in; until the end; until then when it is used now
    (0.9, 29.1, 29.1),  # nothing is written more than once a day
    (1.1, 28.9, 30),
    (29.9, 0.1, 30),
    (350, 10, 15),
    (364.5, 0.2, 0.2),
    (400, 5, 5),
]


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
            until = used.note(await opened(db, ann, days, left), HERE)
            assert (until is None) == (left == left_then)
    before = now()
    await used.write(database)
    for (_, _, left_then), end in zip(DAYS, await ends(database), strict=True):
        assert abs(end - before - left_then * A_DAY) < timedelta(minutes=1)
    await database.close()


async def test_a_session_that_is_over_meanwhile_does_not_come_back(database_url: str) -> None:
    database, used = Database(database_url, before_commit=write_events), UsedSessions()
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        over, revoked, prolonged = [await opened(db, ann, 10, 20) for _ in range(3)]
        for caller in (over, revoked, prolonged):
            used.note(caller, HERE)
        await revoke_session(db, revoked.session_id, by=revoked)
        for caller, left in ((over, -0.01), (prolonged, 29.5)):
            this = update(Sessions).where(Sessions.id == caller.session_id)
            await db.run(this, expires_at=now() + left * A_DAY)
    before = await ends(database)
    await used.write(database)
    assert await ends(database) == before
    await database.close()


async def again(database: Database, token: str) -> Caller:
    async with database.read() as db:
        caller = await find_caller(db, token)
    assert caller
    return caller


async def test_a_use_is_written_once_a_day_and_when_somebody_has_moved(database_url: str) -> None:
    database, used = Database(database_url, before_commit=write_events), UsedSessions()
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        token = (await open_session(db, ann, "tests", HERE)).token
    for ago, address, is_written in (
        (timedelta(), HERE, True),  # she is here for the first time
        (timedelta(), HERE, False),
        (timedelta(minutes=9), ELSEWHERE, False),
        (timedelta(minutes=11), ELSEWHERE, True),
        (timedelta(minutes=11), ELSEWHERE, False),
        (A_DAY, ELSEWHERE, True),
    ):
        async with database.write() as db:
            await db.run(update(Sessions), used_at=now() - ago)
            at_midnight = now() < now().replace(hour=0, minute=12)
        used.note(await again(database, token), address)
        assert used.noted.is_set() is is_written or at_midnight, (ago, address)
        await used.write(database)
        if is_written:
            caller = await again(database, token)
            assert caller.used_at is not None
            assert now() - caller.used_at < timedelta(minutes=1)
    async with database.read() as db:
        (shown,), _ = await list_sessions(db, Page(), reader=caller)
        assert (shown["address"], shown["used_at"]) == (ELSEWHERE, caller.used_at)
        seen = await db.scalar(select(Users.last_seen_on))
        assert seen == now().replace(hour=0, minute=0, second=0, microsecond=0)
    await database.close()


async def test_a_token_lasts_for_a_year_more_or_as_long_as_its_owner_has_said(
    database_url: str,
) -> None:
    """And a program that is at work is not its owner who was there."""
    database, used = Database(database_url, before_commit=write_events), UsedSessions()
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        caller = await find_caller(db, (await open_session(db, ann, "tests")).token)
        assert caller
        made = [
            await make_token(db, "bot", Scope.READ, lasts, by=caller) for lasts in (None, 9 * A_DAY)
        ]
        await db.run(
            update(Sessions).where(Sessions.scope == Scope.READ, Sessions.prolonged),
            expires_at=now() + A_DAY,
        )
    for token in made:
        used.note(await again(database, token.token), HERE)
    await used.write(database)
    async with database.read() as db:
        shown, _ = await list_tokens(db, Page(), reader=caller)
        assert await db.scalar(select(Users.last_seen_on)) is None
    await database.close()
    left = [round((one["expires_at"] - now()) / A_DAY) for one in shown]
    assert left == [9, 365]
    assert [one["address"] for one in shown] == [HERE, HERE]
