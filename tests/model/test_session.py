"""Which sessions still sign somebody in."""

from model.database.unit_of_work import Database
from model.session import find_caller, living_sessions, open_session, revoke_session
from model.user import create_user


async def test_any_number_of_sessions_is_judged_at_once(database_url: str) -> None:
    """A judgement is of all live connections of a worker."""
    database = Database(database_url)
    async with database.write() as db:
        ann = await create_user(db, "ann", "Ann", "-")
        lives, ended = [await open_session(db, ann, "tests") for _ in range(2)]
        caller = await find_caller(db, lives.token)
        assert caller
        await revoke_session(db, ended.id, by=caller)
    async with database.read() as db:
        living = await living_sessions(db, range(1, 40_001))
    await database.close()
    assert living == {lives.id: caller.person}
