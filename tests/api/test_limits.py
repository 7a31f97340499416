"""Limits: what keeps one script from slowing down the class, and what must be exact."""

import asyncio
import time
from datetime import timedelta

import pytest
from quart import Quart

from api.context import Services
from api.middleware import limits
from api.setting_kinds import Switch
from api.token_bucket import REMEMBERED, TokenBucket, TokenBuckets
from tests.api.browser import browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD

WRONG = {"join_code": "0000000000"}


def test_a_bucket_lets_its_burst_through_and_then_says_how_long() -> None:
    bucket = TokenBucket()
    waits = [bucket.wait_s(5, 0.01) for _ in range(7)]
    assert waits[:5] == [0] * 5
    assert all(99 < wait <= 100 for wait in waits[5:]), "what was refused did not count"


def test_buckets_forget_who_asked_longest_ago() -> None:
    buckets = TokenBuckets()
    first, second = buckets.of("first"), buckets.of("second")
    for n in range(REMEMBERED - 2):
        buckets.of(str(n))
    assert buckets.of("first") is first
    buckets.of("one more")
    assert buckets.of("first") is first
    assert buckets.of("second") is not second


async def test_who_asks_too_much_waits_and_nobody_else_does(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "A_SECOND", 1)  # fewer than a busy machine answers
    statuses: list[int] = []
    while 429 not in statuses:
        assert len(statuses) < 5000
        asked = (people.bob.ask("GET", "/api/me") for _ in range(100))
        answers = await asyncio.gather(*asked)
        statuses += [answer.status for answer in answers]
    assert statuses.index(429) >= 300
    refused = next(answer for answer in answers if answer.status == 429)
    problem(refused, 429, "too_many")
    assert int(refused.headers["Retry-After"]) in {1, 2}
    await people.ann.get("/api/me")


async def test_twenty_wrong_codes_are_one_too_many_whichever_session_tries(
    app: Quart, people: Cast
) -> None:
    page = browser(app, headers=people.eve.headers, address="192.0.2.7")
    answers = await asyncio.gather(
        *(page.ask("POST", "/api/memberships", WRONG) for _ in range(26))
    )
    assert sorted(answer.status for answer in answers) == [400] * 20 + [429] * 6
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    refused = await page.post("/api/memberships", {"join_code": code["join_code"]}, 429)
    assert refused["detail"] == "Too many tries. Try again in 3 minutes."
    elsewhere = browser(app, headers=people.eve.headers, address="192.0.2.8")
    await elsewhere.post("/api/memberships", {"join_code": code["join_code"]})
    other = browser(app, headers=people.root.headers, address="192.0.2.7")
    await other.post("/api/memberships", WRONG, 400)


async def test_a_right_code_does_not_count_and_wrong_ones_go_on_counting(people: Cast) -> None:
    for _ in range(19):
        await people.eve.post("/api/memberships", WRONG, 400)
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await people.eve.post("/api/memberships", {"join_code": code["join_code"]})
    await people.eve.post("/api/memberships", WRONG, 400)
    await people.eve.post("/api/memberships", WRONG, 429)


async def test_a_household_of_ipv6_counts_as_one_address(app: Quart, people: Cast) -> None:
    async def status(address: str) -> int:
        page = browser(app, headers=people.eve.headers, address=address)
        return (await page.ask("POST", "/api/memberships", WRONG)).status

    for n in range(20):
        assert await status(f"2001:db8:1:2::{n:x}") == 400
    assert await status("2001:db8:1:2:ffff::1") == 429
    assert await status("2001:db8:1:3::1") == 400


async def test_ipv4_clients_of_a_socket_for_both_are_told_apart(app: Quart, people: Cast) -> None:
    async def status(address: str) -> int:
        page = browser(app, headers=people.eve.headers, address=address)
        return (await page.ask("POST", "/api/memberships", WRONG)).status

    for _ in range(20):
        assert await status("::ffff:192.0.2.7") == 400
    assert await status("192.0.2.7") == 429
    assert await status("::ffff:192.0.2.8") == 400


async def test_registering_is_limited_for_an_address(app: Quart) -> None:
    body = {"username": "zoe", "name": "Zoe", "password": "long enough", "token": "wrong"}
    page = browser(app, address="192.0.2.7")
    answers = [await page.ask("POST", "/api/users", body) for _ in range(205)]
    statuses = [answer.status for answer in answers]
    assert statuses[:200] == [400] * 200
    assert statuses[200:].count(429) >= 4
    assert (await browser(app, address="192.0.2.8").ask("POST", "/api/users", body)).status == 400


async def test_limits_can_be_switched_off_for_measurements(
    services: Services, people: Cast
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    answers = [await people.eve.ask("POST", "/api/memberships", WRONG) for _ in range(22)]
    assert {answer.status for answer in answers} == {400}


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=365)])
async def test_a_clock_that_was_ahead_makes_nobody_wait(
    people: Cast, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    sign_in = {"username": "bob", "password": PASSWORD, "token": True}
    later = time.time_ns() + int(ahead.total_seconds() * 1e9)
    with monkeypatch.context() as patched:
        patched.setattr("time.time_ns", lambda: later)
        await people.bob.post("/api/sessions", sign_in)
        for _ in range(20):
            await people.eve.post("/api/memberships", WRONG, 400)
        await people.eve.post("/api/memberships", WRONG, 429)
    await people.bob.post("/api/sessions", sign_in)
    for _ in range(20):
        await people.eve.post("/api/memberships", WRONG, 400)
    await people.eve.post("/api/memberships", WRONG, 429)


async def test_a_clock_that_is_a_little_behind_opens_no_limit(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two machines with one database one is always ahead."""
    for _ in range(20):
        await people.eve.post("/api/memberships", WRONG, 400)
    earlier = time.time_ns() - int(30e9)
    monkeypatch.setattr("time.time_ns", lambda: earlier)
    await people.eve.post("/api/memberships", WRONG, 429)
