"""What is saved again or edited empties what showed it before, and leaves alone what is empty."""

import pytest
from sqlalchemy import text

from api.context import Services
from model.database.lock import taken
from model.database.unit_of_work import Database
from tests.support.cast import Cast

TIMES = 20
COUNT = "UPDATE limits SET arrival_us = arrival_us + 1 WHERE key = 'rewritten'"
TRIGGERS = {
    True: [f"CREATE TRIGGER counted AFTER UPDATE ON events BEGIN {COUNT}; END"],
    False: [
        f"CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {COUNT}; RETURN NULL; END $$",
        "CREATE TRIGGER counted AFTER UPDATE ON events"
        " FOR EACH ROW EXECUTE FUNCTION count_it()",
    ],
}  # fmt: skip


async def count_rewritten_events(database: Database) -> None:
    """The database itself counts from now on."""
    async with database.write() as db:
        await db.run(text("INSERT INTO limits (key, arrival_us) VALUES ('rewritten', 0)"))
        for statement in TRIGGERS[database.is_sqlite]:
            await db.run(text(statement))


async def rewritten(database: Database) -> int:
    async with database.read() as db:
        found = text("SELECT arrival_us FROM limits WHERE key = 'rewritten'")
        return int(await db.scalar(found))


@pytest.mark.own_database
async def test_a_save_rewrites_one_event_however_often_it_was_saved_before(
    people: Cast, services: Services
) -> None:
    path = f"/api/channels/{people.channel['id']}/documents/game"
    await count_rewritten_events(services.database)
    await people.bob.put(path, 0, 201)
    for number in range(1, TIMES + 1):
        await people.bob.put(path, number)
        assert await rewritten(services.database) == number


@pytest.mark.own_database
async def test_an_edit_rewrites_what_came_since_the_edit_before(
    people: Cast, services: Services
) -> None:
    post = await people.bob.post(people.posts, {"text": "0"})
    await count_rewritten_events(services.database)
    for number in range(1, TIMES + 1):
        await people.ann.put(f"/api/posts/{post['id']}/reactions/👍")
        await people.ann.delete(f"/api/posts/{post['id']}/reactions/👍", 200)
        await people.bob.patch(f"/api/posts/{post['id']}", {"text": str(number)})
        assert await rewritten(services.database) == 3 * number
    await people.bob.delete(f"/api/posts/{post['id']}")
    assert await rewritten(services.database) == 3 * TIMES + 1


@pytest.mark.own_database
async def test_what_was_forgotten_is_not_rewritten(people: Cast, services: Services) -> None:
    post = await people.ann.post(people.posts, {"text": "tea?"})
    lock = services.settings.instance / "jobs.lock"
    async with taken(services.database, lock):  # the rows of what is forgotten stay
        await people.bob.delete("/api/me")
        await count_rewritten_events(services.database)
        await people.ann.patch(f"/api/posts/{post['id']}", {"text": "coffee?"})
        assert await rewritten(services.database) == 0
