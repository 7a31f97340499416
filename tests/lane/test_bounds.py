"""What the lane leaves to Quart, and that whatever it has begun it does once, and to the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast

import pytest
from quart import Quart
from quart.testing import QuartClient
from sqlalchemy import func, select, update

from api.adapters.application import Homeroom
from api.context import Services, caller
from api.lane import LaneConnection, in_lane, lane_of
from api.middleware import limits
from api.settings import Settings
from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.errors import OutcomeUnknown, StorageFull, TryAgain
from model.log.event import write_events
from model.session import Sessions
from tests.api.browser import SESSION, problem
from tests.lane.both_ways import ROUTES, ask
from tests.support.cast import Cast
from tests.support.people import Person, Visitor

LAST_END = select(func.max(Sessions.expires_at))


@asynccontextmanager
async def committing(
    services: Services, settings: Settings, before_commit: Callable[[Transaction], Awaitable[None]]
) -> AsyncIterator[None]:
    """Meanwhile this happens right before each commit."""
    usual = services.database
    services.database = Database(settings.database_address, before_commit=before_commit)
    try:
        yield
    finally:
        await services.database.close()
        services.database = usual


@pytest.mark.parametrize(
    "error", [OutcomeUnknown(), TryAgain(), StorageFull(), RuntimeError("a bug")], ids=repr
)
async def test_what_goes_wrong_in_a_commit_is_answered_alike_and_not_run_again(
    services: Services, settings: Settings, people: Cast, error: Exception
) -> None:
    commits = 0

    async def fail(_: Transaction) -> None:
        nonlocal commits
        commits += 1
        raise error

    async with committing(services, settings, fail):
        assert await ask(people.bob, "posts.create")
    assert commits == 2, "once in the lane, and once around it"


@pytest.fixture
def one_way_bob(app: Quart, people: Cast) -> Person:
    """He asks only through the lane, or what declines around it."""
    app.asgi_http_class = LaneConnection
    return replace(people.bob, client=cast(Any, QuartClient(app, use_cookies=False)))


async def test_each_request_counts_once(
    people: Cast, one_way_bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "A_SECOND", 0.001)
    monkeypatch.setattr(limits, "BURST", 5)
    for body, status in ({"text": "Hi"}, 201), ({"text": "Hi", "parent_id": 99}, 400):
        await one_way_bob.get(people.posts)
        await one_way_bob.post(people.posts, body, status)
    await one_way_bob.post(people.posts, {"text": ""}, 400)
    problem(await one_way_bob.ask("GET", people.posts), 429, "too_many")


async def test_what_the_server_cancels_is_finished_and_awaited_when_it_stops(
    app: Quart, services: Services, settings: Settings, people: Cast, one_way_bob: Person
) -> None:
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def hold(db: Transaction) -> None:
        has_begun.set()
        await may_end.wait()
        await write_events(db)

    await one_way_bob.get("/api/me")  # so that the lane knows him
    async with committing(services, settings, hold):
        asking = asyncio.ensure_future(one_way_bob.post(people.posts, {"text": "Hi"}))
        await has_begun.wait()
        asking.cancel()
        asking.uncancel()  # who asks goes on: only the application hears of it
        stopping = asyncio.ensure_future(cast(Homeroom, app).answered(within_s=30))
        done, _ = await asyncio.wait({asking, stopping}, timeout=0.05)
        assert not done
        may_end.set()
        post = await asking
        await stopping
    assert (await one_way_bob.get(people.posts))["posts"] == [post]


async def two_days_left(services: Services) -> datetime:
    """The end of all sessions from now on."""
    soon = now() + timedelta(days=2)
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=soon)
    return soon


async def test_a_session_that_is_used_in_the_lane_lasts_longer(
    services: Services, one_way_bob: Person
) -> None:
    await one_way_bob.get("/api/me")
    end = soon = await two_days_left(services)
    await one_way_bob.get("/api/me")
    async with asyncio.timeout(10):
        while end == soon:  # it is written beside the requests
            await asyncio.sleep(0.02)
            async with services.database.read() as db:
                end = await db.scalar_one(LAST_END)
    assert end - now() > timedelta(days=29)


async def test_a_cookie_that_has_to_last_longer_is_set_by_quart(
    services: Services, people: Cast
) -> None:
    await two_days_left(services)
    page = Visitor(people.bob.client, {"Cookie": f"{SESSION}={people.bob.token}"})
    answer = await page.ask("GET", "/api/me")
    assert "Set-Cookie" in answer.headers


async def test_a_body_that_comes_slowly_is_read_by_quart(app: Quart, people: Cast) -> None:
    is_by_quart: list[bool] = []
    client: Any = app.test_client()
    async with client.request(
        people.posts,
        method="POST",
        headers={**people.bob.headers, "Content-Type": "application/json"},
        scope_base={"is_by_quart": is_by_quart},
    ) as connection:
        await connection.send(b'{"text": ')
        async with asyncio.timeout(30):
            while not is_by_quart:
                await asyncio.sleep(0.05)
        await connection.send(b'"Hi"}')
        await connection.send_complete()
    assert (await connection.as_response()).status_code == 201


def twice(view: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(view)
    async def done() -> Any:
        await view()
        return await view()

    return done


@in_lane
async def careless() -> dict[str, int]:
    """Believes whoever was let in, without a unit of work that judges."""
    return {"id": caller().id}


@pytest.mark.own_app
async def test_whom_a_view_does_not_judge_the_lane_does(app: Quart, people: Cast) -> None:
    app.add_url_rule("/api/careless", "careless", careless)
    assert await ask(people.bob, "GET /api/careless")
    recent = people.bob.before(app)
    await people.bob.delete("/api/sessions/current")
    problem(await recent.ask("GET", "/api/careless"), 401, "not_signed_in")


def test_a_decorator_that_the_lane_does_not_know_keeps_its_view_out(new_app: Quart) -> None:
    new_app.add_url_rule("/once", "once", careless)
    new_app.add_url_rule("/twice", "twice", twice(careless))
    assert lane_of(new_app).routes.keys() == ROUTES.keys() | {"once"}


async def look(*_: Any) -> None:
    pass


@pytest.mark.parametrize(
    "hook",
    [
        lambda app: app.before_request(look),
        lambda app: app.after_request(look),
        lambda app: app.teardown_request(look),
        lambda app: app.errorhandler(KeyError)(look),
    ],
)
def test_a_hook_that_the_lane_does_not_know_closes_it(
    new_app: Quart, hook: Callable[[Quart], object]
) -> None:
    hook(new_app)
    assert not lane_of(new_app).routes
