"""Searches take their turn, and end: whoever asks for too much keeps nobody else waiting."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from api.context import Services
from model import search as searching
from model.database.unit_of_work import READERS
from model.session import find_caller
from model.user import Caller
from tests.api.browser import problem
from tests.api.test_search import texts
from tests.support.cast import Cast
from tests.support.people import Person

WAITS_S = 0.3


@pytest.fixture
def caller(services: Services) -> Callable[[Person], Any]:
    async def find(person: Person) -> Caller:
        async with services.database.read() as db:
            found = await find_caller(db, person.token)
        assert found
        return found

    return find


def measured_slowly(text: str) -> int:
    time.sleep(0.1)
    return len(text)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_search_that_takes_too_long_says_what_to_do_and_others_are_answered(
    services: Services, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends every statement that takes too long."""
    for number in range(3):
        await people.ann.post(people.posts, {"text": f"tea {number}"})
    monkeypatch.setattr(searching, "_FOUND_WITHIN_S", 0.15)
    async with asyncio.timeout(10), AsyncExitStack() as opened:
        for _ in range(READERS):
            db = await opened.enter_async_context(services.database.read())
            raw: Any = (await db.connection.sqlalchemy.get_raw_connection()).driver_connection
            raw._conn.create_function("length", 1, measured_slowly)
    answer = await people.bob.ask("GET", "/api/search?q=tea")
    problem(answer, 503, "search_too_slow")
    assert answer.headers["Retry-After"] == "1"
    assert (await people.bob.ask("GET", "/api/me")).status == 200


async def test_whoever_searches_twice_at_once_waits_for_the_first_answer(
    services: Services, people: Cast, caller: Callable[[Person], Any]
) -> None:
    async with services.searches.read(await caller(people.bob)):
        second = asyncio.create_task(texts(people.bob, "tea"))
        assert await texts(people.mia, "tea") == [], "another person does not wait"
        await asyncio.wait([second], timeout=WAITS_S)
        assert not second.done()
    assert await second == []


async def test_whoever_waits_too_long_for_her_own_searches_hears_so(
    services: Services,
    people: Cast,
    caller: Callable[[Person], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with services.searches.read(await caller(people.bob)):
        monkeypatch.setattr(searching, "_TURN_WITHIN_S", WAITS_S)
        answer = await people.bob.ask("GET", "/api/search?q=tea")
        problem(answer, 429, "too_many")
        assert answer.headers["Retry-After"] == "1"


async def test_searches_never_take_the_last_reader_of_a_worker(
    services: Services, people: Cast, caller: Callable[[Person], Any]
) -> None:
    others = [people.root, people.ann, people.mia, people.bob]
    assert len(others) >= READERS
    async with AsyncExitStack() as turns:
        searches = [services.searches.read(await caller(other)) for other in others]
        waiting = [asyncio.create_task(turns.enter_async_context(one)) for one in searches]
        await asyncio.wait(waiting, timeout=WAITS_S)
        assert sum(one.done() for one in waiting) == READERS - 1
        async with asyncio.timeout(5):
            await people.eve.get("/api/me")
        for one in waiting:
            one.cancel()
