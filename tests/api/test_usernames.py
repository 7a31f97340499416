"""Another username: how often, what the one before is still good for, and for whom."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from api import jobs
from api.context import Services
from model.database.table import now
from model.username import RetiredUsernames
from tests.api.browser import browser, problem
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import PASSWORD, Answer, Person
from tests.support.purging import purged


async def rename(who: Person, username: str) -> Answer:
    return await who.ask("PATCH", "/api/me", {"username": username})


async def register(app: Quart, username: str) -> Answer:
    form = {"username": username, "name": "Somebody", "password": PASSWORD}
    return await browser(app).ask("POST", "/api/users", form)


async def months_pass(services: Services, months: int) -> None:
    async with services.database.write() as db:
        ago = now() - timedelta(days=30.5 * months)
        await db.run(update(RetiredUsernames), retired_at=ago)
    await jobs.clean_up(services.database, services.store, services.settings)


async def found(who: Person, name: str) -> list[int]:
    return [one["id"] for one in (await who.get(f"/api/users?search={name}"))["users"]]


async def mentions(who: Person) -> list[int]:
    return [one["post_id"] for one in (await who.get("/api/me/mentions"))["mentions"]]


async def test_the_username_before_leads_to_her_and_signs_nobody_in(
    app: Quart, people: Cast
) -> None:
    before = await people.ann.post(people.posts, {"text": "Hello @bob"})
    changed = await people.bob.patch("/api/me", {"username": " Robert ", "name": "R."})
    assert changed["username"] == "Robert"
    after = [
        await people.ann.post(people.posts, {"text": text})
        for text in ("Hello @BOB", "Hello @robert", "Hello @robert, once @bob")
    ]
    assert await mentions(people.bob) == [post["id"] for post in (*reversed(after), before)]
    await people.ann.patch(f"/api/posts/{before['id']}", {"text": "Hello @bob and @mia"})
    assert before["id"] in await mentions(people.bob), "what was true stays true"
    assert await found(people.ann, "bob") == await found(people.ann, "Robert") == [people.bob.id]
    assert await found(people.eve, "bob") == []
    for username, status in (("bob", 401), ("robert", 201)):
        await browser(app).post(
            "/api/sessions", {"username": username, "password": PASSWORD}, status
        )
    await people.bob.put("/api/me/password", {"old": PASSWORD, "new": "another passphrase"}, 204)


async def test_nobody_else_takes_it_for_a_year(
    app: Quart, people: Cast, services: Services
) -> None:
    await people.bob.patch("/api/me", {"username": "robert", "name": "R."})
    for again in ("bob", "BOB", "robert"):
        problem(await register(app, again), 409, "username_taken")
        problem(await rename(people.mia, again), 409, "username_taken")
    await months_pass(services, 11)
    problem(await register(app, "bob"), 409, "username_taken")
    await months_pass(services, 13)
    assert await found(people.ann, "bob") == []
    assert (await register(app, "bob")).status == 201


async def test_that_of_a_deleted_account_is_nobodys_for_a_year(
    app: Quart, people: Cast, services: Services
) -> None:
    await people.bob.patch("/api/me", {"username": "robert"})
    await people.ann.post(people.posts, {"text": "Hello @bob"})
    await people.bob.delete("/api/me")
    for _ in range(2):
        for gone in ("bob", "robert"):
            problem(await register(app, gone), 409, "username_taken")
            assert await found(people.root, gone) == []
        await people.ann.post(people.posts, {"text": "Hello @bob and @robert"})
        await purged(services)
    await months_pass(services, 13)
    assert (await register(app, "bob")).status == 201


async def test_it_is_changed_twice_a_year_and_one_may_go_back(
    people: Cast, services: Services
) -> None:
    for username in ("robert", "Robert", "bob", "Bob"):
        await people.bob.patch("/api/me", {"username": username})
    problem(await rename(people.bob, "robert"), 409, "username_changed")
    problem(await rename(people.bob, "somebody"), 409, "username_changed")
    shown = await people.bob.patch("/api/me", {"username": "Bob", "name": "Bobby"})
    assert (shown["username"], shown["name"]) == ("Bob", "Bobby")
    await months_pass(services, 13)
    await people.bob.patch("/api/me", {"username": "somebody"})


async def test_of_two_who_want_the_same_one_has_it(app: Quart, people: Cast) -> None:
    """Also of those who register, and while somebody is about to give it up."""
    answers = await asyncio.gather(
        *(rename(who, "first") for who in (people.bob, people.mia, people.eve)),
        *(register(app, "first") for _ in range(2)),
    )
    won = [answer for answer in answers if answer.status < 300]
    lost = [answer for answer in answers if answer.status >= 300]
    assert len(won) == 1
    for answer in lost:
        problem(answer, 409, "username_taken")
    await asyncio.gather(rename(people.ann, "anna"), register(app, "ann"), register(app, "ann"))
    assert (await people.ann.get("/api/me"))["username"] == "anna"
    assert await found(people.root, "ann") == [people.ann.id]


async def test_the_group_is_told(people: Cast, url: str) -> None:
    topic = f"group:{people.group['id']}"
    async with LiveClient(url, people.ann.token) as live:
        await live.follow(topic)
        await people.bob.patch("/api/me", {"username": "robert"})
        told = await live.until(lambda m: m["type"] == "event")
    members = await people.ann.get(f"/api/groups/{people.group['id']}/members")
    assert told["kind"] == "member.changed"
    assert told["data"] in members["members"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_is_judged_as_when_one_registers(people: Cast) -> None:
    wrong: list[tuple[Any, str]] = [
        ("x", "invalid"), ("two words", "invalid"), ("x" * 40, "invalid"), ("", "invalid"),
        ("ümläut", "invalid"), (None, "invalid"), ("ann", "username_taken"),
        ("\uff21NN", "username_taken"),
    ]  # fmt: skip
    for username, code in wrong:
        answer = await people.bob.ask("PATCH", "/api/me", {"username": username, "name": "No"})
        problem(answer, 400 if code == "invalid" else 409, code)
    shown = await people.bob.get("/api/me")
    assert (shown["username"], shown["name"]) == ("bob", "Bob")
