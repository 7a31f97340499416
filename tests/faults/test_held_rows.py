"""A row of PostgreSQL that somebody holds and does not give back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD, Person

pytestmark = [
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.usefixtures("held"),
]

WITHIN_S = 20


@pytest.fixture
async def held(people: Cast, database_url: str) -> AsyncIterator[None]:
    """The row of the channel's topic, in a transaction of somebody else."""
    await people.ann.post(people.posts, {"text": "Good morning!"})
    plain = make_url(database_url).set(drivername="postgresql")
    holder: Any = await asyncpg.connect(plain.render_as_string(hide_password=False))
    transaction = holder.transaction()
    await transaction.start()
    topic = f"channel:{people.channel['id']}"
    await holder.execute("SELECT FROM topics WHERE name = $1 FOR UPDATE", topic)
    yield
    await transaction.rollback()
    await holder.close()


@pytest.fixture
async def other_posts(people: Cast) -> str:
    channels = f"/api/groups/{people.group['id']}/channels"
    return f"/api/channels/{(await people.ann.post(channels, {'name': 'other'}))['id']}/posts"


async def sign_in(person: Person) -> int:
    form = {"username": person.username, "password": PASSWORD, "token": True}
    return (await person.ask("POST", "/api/sessions", form)).status


# Each waits for two or three seconds, as long as a writer waits for a row.
async def test_posts_to_a_held_channel_are_told_to_try_again_and_others_go_through(
    people: Cast, other_posts: str
) -> None:
    async with asyncio.timeout(WITHIN_S):
        waiting = [
            asyncio.create_task(people.ann.ask("POST", people.posts, {"text": "I wait."}))
            for _ in range(4)
        ]
        assert (await people.bob.ask("POST", other_posts, {"text": "I do not."})).status == 201
        assert await sign_in(people.bob) == 201
        for answer in await asyncio.gather(*waiting):
            problem(answer, 503, "try_again")
            assert answer.headers["Retry-After"] == "1"


async def test_a_class_that_tries_and_tries_a_held_channel_does_not_hold_up_the_others(
    people: Cast, other_posts: str
) -> None:
    over = asyncio.Event()

    async def insist() -> None:
        while not over.is_set():
            answer = await people.ann.ask("POST", people.posts, {"text": "I insist."})
            problem(answer, 503, "try_again")
            await asyncio.sleep(0.3)  # less than it is told to wait

    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as insisting:
        for _ in range(12):
            insisting.create_task(insist())
        for _ in range(3):
            await people.bob.post(other_posts, {"text": "I do not."})
            assert await sign_in(people.bob) == 201
        over.set()
