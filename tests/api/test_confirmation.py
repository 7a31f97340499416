"""Giving one's password again, before what cannot be taken back."""

from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.session import CONFIRMATION_LASTS, Sessions
from model.user import Scope
from tests.api.browser import browser, problem
from tests.api.tables import Action, Statuses, rows
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Visitor

PATH = "/api/sessions/current/confirmation"
RIGHT, WRONG = {"password": PASSWORD}, {"password": "guessed wrong"}

EXAMPLES = (Example("POST /api/sessions/current/confirmation", RIGHT, by=("bob",), often=0),)


async def confirmed_before(services: Services, ago: timedelta) -> None:
    async with services.database.write() as db:
        await db.run(update(Sessions), confirmed_at=now() - ago)


@rows("""
         right  wrong
nobody   401    401
eve      204    400
bob      204    400
root     204    400
""")
async def test_everybody_confirms_her_own_session(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    for column, body in (("right", RIGHT), ("wrong", WRONG)):
        answer = await actor.ask("POST", PATH, body)
        assert answer.status == may[column]
        if answer.status == 400:
            assert problem(answer, 400, "invalid")["fields"].keys() == {"password"}


@pytest.mark.parametrize("which", ["role", "active", "delete"])
async def test_a_dangerous_act_wants_the_password_again_and_is_then_done_at_once(
    services: Services, people: Cast, which: str
) -> None:
    path = f"/api/users/{people.eve.id}"
    acts: dict[str, Action] = {
        "role": ("PATCH", path, {"role": "admin"}),
        "active": ("PATCH", path, {"active": False}),
        "delete": ("DELETE", path, None),
    }
    before = await people.root.get(path)
    await confirmed_before(services, CONFIRMATION_LASTS + timedelta(seconds=1))
    problem(await people.root.ask(*acts[which]), 403, "password_needed")
    await people.root.post(PATH, WRONG, 400)
    problem(await people.root.ask(*acts[which]), 403, "password_needed")
    assert await people.root.get(path) == before
    await people.root.patch(path, {"active": True})  # changes nothing
    await people.root.post(PATH, RIGHT, 204)
    assert (await people.root.ask(*acts[which])).status in {200, 204}


async def test_the_password_counts_for_ten_minutes_and_in_one_session(
    app: Quart, services: Services, people: Cast
) -> None:
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "root", "password": PASSWORD})
    await confirmed_before(services, CONFIRMATION_LASTS - timedelta(seconds=10))
    path = f"/api/users/{people.eve.id}"
    await page.patch(path, {"role": "admin"})
    await confirmed_before(services, CONFIRMATION_LASTS)
    await people.root.post(PATH, RIGHT, 204)
    problem(await page.ask("PATCH", path, {"role": "member"}), 403, "password_needed")
    await people.root.patch(path, {"role": "member"})


async def test_wrong_ones_count_as_tries_to_sign_in(app: Quart, people: Cast) -> None:
    stolen = browser(app, headers=people.bob.headers)
    for status in [400] * 10 + [429]:
        assert (await stolen.ask("POST", PATH, WRONG)).status == status
    signing_in = {"username": "bob", **RIGHT}
    problem(await browser(app).ask("POST", "/api/sessions", signing_in), 429, "too_many")
    elsewhere = browser(app, address="203.0.113.9", headers=people.bob.headers)
    await elsewhere.post(PATH, RIGHT, 204)


async def test_a_personal_access_token_confirms_nothing(services: Services, people: Cast) -> None:
    async with services.database.write() as db:
        await db.run(update(Sessions), scope=Scope.WRITE)
    assert (await people.bob.ask("POST", PATH, RIGHT)).status == 403
