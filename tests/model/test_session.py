"""Sessions are judged by the hundred."""

from model.database.unit_of_work import Database
from model.log.event import write_events
from model.session import find_caller, open_session, people_of_sessions, revoke_session
from model.user import create_user


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
