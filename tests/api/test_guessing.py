"""Guessing passwords: it is slowed down, and whoever guesses locks nobody else out."""

import asyncio
import time
from typing import Any

import pytest
from quart import Quart

from api.context import Services
from model.device import MOST_ACCOUNTS
from model.limit import (
    SIGN_IN_ACCOUNT_LIMIT,
    SIGN_IN_ADDRESS_LIMIT,
    SIGN_IN_DEVICE_LIMIT,
    SIGN_IN_FROM_LIMIT,
    Action,
    Limit,
    forgive,
    take,
)
from tests.api.browser import SESSION, Browser, browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD, Answer

BOB = {"username": "bob", "password": PASSWORD}
WRONG = {**BOB, "password": "guessed wrong"}
GUESSER, SCHOOL, HOME = "198.51.100.66", "192.0.2.1", "203.0.113.9"
DEVICE = f"{SESSION}-device"


class Clock:
    """The one of the limits; it stands still until it is moved."""

    def __init__(self) -> None:
        self._now_ns = time.time_ns()

    def __call__(self) -> int:
        return self._now_ns

    def move(self, seconds: float) -> None:
        self._now_ns += int(seconds * 1e9)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time_ns", clock)
    return clock


async def try_in(app: Quart, body: dict[str, Any], address: str = HOME) -> Answer:
    """As a page does that nobody has ever signed in on."""
    return await browser(app, address=address).ask("POST", "/api/sessions", body)


async def signed_out(app: Quart, username: str = "bob", **fields: Any) -> Browser:
    """A page on which somebody was signed in."""
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"}, **fields)
    await page.post("/api/sessions", {**BOB, "username": username})
    await page.delete("/api/sessions/current")
    return page


async def use_up(services: Services, limit: Limit, who: str) -> None:
    """As so many guesses do, for which a test has no time."""
    async with services.database.write() as db:
        await forgive(db, limit, who)
    await take(services.database, Action(limit, who, limit.burst))


async def from_everywhere(services: Services, username: str = "bob") -> None:
    await use_up(services, SIGN_IN_ACCOUNT_LIMIT, username)


@pytest.mark.usefixtures("people")
async def test_a_guesser_locks_nobody_out_who_is_elsewhere(app: Quart) -> None:
    guesses = [await try_in(app, WRONG, GUESSER) for _ in range(12)]
    assert [guess.status for guess in guesses] == [401] * 10 + [429] * 2
    problem(await try_in(app, BOB, GUESSER), 429, "too_many")
    assert (await try_in(app, BOB, HOME)).status == 201
    problem(await try_in(app, BOB, GUESSER), 429, "too_many")


@pytest.mark.usefixtures("people")
async def test_a_guesser_at_many_addresses_is_slowed_down_and_others_wait_for_moments(
    app: Quart, services: Services, clock: Clock
) -> None:
    left = 3
    tried = SIGN_IN_ACCOUNT_LIMIT.burst - left
    await take(services.database, Action(SIGN_IN_ACCOUNT_LIMIT, "bob", tried))
    for _ in range(left + 1):
        assert (await try_in(app, BOB)).status == 201, "who knows the password does not count"
    places = [f"198.51.100.{n}" for n in range(9)]
    guesses = await asyncio.gather(*(try_in(app, WRONG, place) for place in places))
    assert sorted(guess.status for guess in guesses) == [401] * left + [429] * (len(places) - left)
    assert (await try_in(app, {**BOB, "username": "ann"})).status == 201
    for username in ("bob", "BoB", "b\u00adob ", "\uff42ob"):
        answer = await try_in(app, {**BOB, "username": username})
        problem(answer, 429, "too_many")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    clock.move(int(answer.headers["Retry-After"]))
    assert (await try_in(app, BOB)).status == 201


@pytest.mark.usefixtures("people")
async def test_who_has_signed_in_there_before_signs_in_whoever_guesses(
    app: Quart, services: Services
) -> None:
    page = await signed_out(app, address=SCHOOL)
    body = {**BOB, "token": True}
    program = (await try_in(app, body)).body["device"]
    await from_everywhere(services)
    for place in (SCHOOL, HOME):
        await use_up(services, SIGN_IN_ADDRESS_LIMIT, place)
        await use_up(services, SIGN_IN_FROM_LIMIT, f"bob@{place}")
    problem(await try_in(app, body), 429, "too_many")
    assert page.cookies.keys() == {DEVICE}, "it stays when one signs out"
    assert (await try_in(app, {**body, "device": program})).body["device"] == program
    await page.post("/api/sessions", BOB)
    assert page.cookies.keys() == {SESSION, DEVICE}
    problem(await try_in(app, body, GUESSER), 429, "too_many")


async def test_who_registers_is_known_there_from_then_on(app: Quart, services: Services) -> None:
    zoe = {"username": "zoe", "name": "Zoe", "password": PASSWORD}
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/users", zoe)
    await from_everywhere(services, "zoe")
    body = {"username": "Zoe", "password": PASSWORD}
    problem(await try_in(app, body), 429, "too_many")
    await page.post("/api/sessions", body)


async def test_a_device_is_known_for_those_who_signed_in_there_and_cannot_be_forged(
    app: Quart, services: Services, people: Cast
) -> None:
    page = await signed_out(app)
    (name, mark), (other, _) = (
        page.cookies[DEVICE].split("."),
        (await signed_out(app)).cookies[DEVICE].split("."),
    )
    for username in ("bob", "ann", "nobody"):
        await from_everywhere(services, username)
    changed = mark[:-2] + ("AA" if mark[-2:] != "AA" else "BA")
    for forged in ("", name, f"{other}.{mark}", f"{name}.{changed}", mark, "\xff", "." * 300):
        page.cookies[DEVICE] = forged
        problem(await page.ask("POST", "/api/sessions", BOB), 429, "too_many")
    page.cookies[DEVICE] = f"{name}.{mark}"
    for username in ("ann", "nobody"):
        answer = await page.ask("POST", "/api/sessions", {**BOB, "username": username})
        problem(answer, 429, "too_many")
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})
    problem(await page.ask("POST", "/api/sessions", BOB), 429, "too_many")
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": True})
    await page.post("/api/sessions", BOB)


@pytest.mark.usefixtures("people")
async def test_a_new_password_makes_all_devices_strangers_but_the_one_where_it_was_set(
    app: Quart, services: Services
) -> None:
    page, elsewhere = await signed_out(app), await signed_out(app)
    await page.post("/api/sessions", BOB)
    change = {"old": PASSWORD, "new": "another horse battery"}
    await page.put("/api/me/password", change, 204)
    await from_everywhere(services)
    new = {**BOB, "password": change["new"]}
    problem(await elsewhere.ask("POST", "/api/sessions", new), 429, "too_many")
    await page.post("/api/sessions", new)


@pytest.mark.usefixtures("people")
async def test_all_who_share_a_computer_are_known_there_but_not_without_end(
    app: Quart, services: Services
) -> None:
    page = await signed_out(app, "ann")
    for username in ("bob", "mia", "bob"):
        await page.post("/api/sessions", {**BOB, "username": username})
    known = page.cookies[DEVICE]
    assert len(known.split(".")) == 1 + 3
    for username in ("ann", "bob", "mia"):
        await from_everywhere(services, username)
        await page.post("/api/sessions", {**BOB, "username": username})
    name, *marks = known.split(".")
    page.cookies[DEVICE] = ".".join([name, *marks, *["a" * 22] * (MOST_ACCOUNTS - len(marks))])
    await page.post("/api/sessions", {**BOB, "username": "eve"})
    assert len(page.cookies[DEVICE].split(".")) == 1 + MOST_ACCOUNTS


@pytest.mark.usefixtures("people")
async def test_whoever_guesses_on_a_known_device_is_slowed_down_and_nobody_else(
    app: Quart, services: Services
) -> None:
    page = await signed_out(app)
    left = 2
    name = page.cookies[DEVICE].partition(".")[0]
    tried = SIGN_IN_DEVICE_LIMIT.burst - left
    await take(services.database, Action(SIGN_IN_DEVICE_LIMIT, f"bob@{name}", tried))
    for _ in range(left):
        problem(await page.ask("POST", "/api/sessions", WRONG), 401, "wrong_credentials")
    refused = await page.ask("POST", "/api/sessions", BOB)
    problem(refused, 429, "too_many")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await try_in(app, BOB, page.address)).status == 201


@pytest.mark.usefixtures("people")
async def test_what_is_refused_counts_nowhere(app: Quart, services: Services) -> None:
    await from_everywhere(services)
    for _ in range(12):
        problem(await try_in(app, BOB), 429, "too_many")
    async with services.database.write() as db:
        await forgive(db, SIGN_IN_ACCOUNT_LIMIT, "bob")
    assert (await try_in(app, BOB)).status == 201


@pytest.mark.usefixtures("people")
async def test_a_refusal_does_not_say_whether_there_is_such_an_account(app: Quart) -> None:
    answers = []
    for username in ("bob", "nobody"):
        for _ in range(11):
            answer = await try_in(app, {**WRONG, "username": username})
        problem(answer, 429, "too_many").pop("request_id")
        answers.append(answer.body)
    assert answers[0] == answers[1]


async def test_a_stolen_session_does_not_keep_its_owner_from_changing_the_password(
    app: Quart, people: Cast
) -> None:
    stolen = browser(app, headers=people.bob.headers)
    body = {"old": "guessed wrong", "new": "another horse battery"}
    for status in [400] * 10 + [429]:
        assert (await stolen.ask("PUT", "/api/me/password", body)).status == status
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", BOB)
    await page.put("/api/me/password", {**body, "old": PASSWORD}, 204)
    await stolen.get("/api/me", 401)
