"""Personal access tokens: who makes one, how long it lasts, what ends it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.session import Sessions
from model.token import MAX_TOKENS
from tests.api.browser import browser, problem
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Person

BOT = {"name": "bot", "scope": "write"}
NEW = "an even better passphrase"

EXAMPLES = (
    Example("POST /api/tokens", BOT, makes="token_id", listed="/api/tokens", often=0),
    Example("DELETE /api/tokens/{token_id}", often=0),
)


def bot_of(who: Person, made: dict[str, Any]) -> Person:
    return Person(who.client, {"Authorization": f"Bearer {made['token']}"})


def days_until(moment: str) -> float:
    return (datetime.fromisoformat(moment) - now()) / timedelta(days=1)


async def test_a_token_is_shown_once_and_listed_apart_from_sessions(people: Cast) -> None:
    made = await people.bob.post("/api/tokens", {**BOT, "expires_in_days": 30})
    other = await people.bob.post("/api/tokens", {"name": " reader ", "scope": "read"})
    await people.eve.post("/api/tokens", BOT)
    newest, oldest = (await people.bob.get("/api/tokens"))["tokens"]
    assert (newest["id"], newest["name"], newest["scope"]) == (other["token_id"], "reader", "read")
    assert newest["prolonged"]
    assert 364.9 < days_until(newest["expires_at"]) < 365.1
    assert oldest.keys() == {
        "id", "name", "scope", "created_at", "expires_at", "prolonged", "used_at", "address",
    }  # fmt: skip
    assert (oldest["id"], oldest["prolonged"]) == (made["token_id"], False)
    assert oldest["expires_at"] == made["expires_at"]
    assert 29.9 < days_until(made["expires_at"]) < 30.1
    assert oldest["used_at"] is oldest["address"] is None
    sessions = await people.bob.get("/api/sessions")
    assert [one["agent"] for one in sessions["sessions"]] == ["tests"]
    await people.bob.delete(f"/api/sessions/{made['token_id']}", 404)
    await people.bob.delete(f"/api/tokens/{sessions['current_id']}", 404)


async def test_all_that_is_wrong_is_named_and_nothing_is_made(people: Cast) -> None:
    wrong: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {"name", "scope"}),
        ({**BOT, "scope": "session"}, {"scope"}),
        ({**BOT, "name": " ", "expires_in_days": 0}, {"name", "expires_in_days"}),
        ({**BOT, "expires_in_days": 366, "admin": True}, {"expires_in_days", "admin"}),
    ]
    for body, fields in wrong:
        answer = await people.bob.ask("POST", "/api/tokens", body)
        assert problem(answer, 400, "invalid")["fields"].keys() == fields, body
    assert (await people.bob.get("/api/tokens"))["tokens"] == []


async def test_a_token_is_revoked_at_once_and_only_by_its_owner(people: Cast) -> None:
    made = await people.bob.post("/api/tokens", BOT)
    for other in (people.ann, people.root):
        await other.delete(f"/api/tokens/{made['token_id']}", 404)
    await bot_of(people.bob, made).get("/api/me")
    await people.bob.delete(f"/api/tokens/{made['token_id']}")
    await bot_of(people.bob, made).get("/api/me", 401)


async def test_who_has_not_given_the_password_for_ten_minutes_makes_none(
    people: Cast, services: Services
) -> None:
    for given in (now() - timedelta(minutes=11), None):
        async with services.database.write() as db:
            await db.run(update(Sessions), confirmed_at=given)
        problem(await people.bob.ask("POST", "/api/tokens", BOT), 403, "password_needed")
    assert (await people.bob.get("/api/tokens"))["tokens"] == []


@pytest.mark.parametrize("ending", ["new password", "deactivated", "signed out elsewhere"])
async def test_what_ends_everything_ends_tokens_and_signing_out_does_not(
    app: Quart, people: Cast, ending: str
) -> None:
    made = await people.bob.post("/api/tokens", BOT)
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    match ending:
        case "new password":
            await people.bob.put("/api/me/password", {"old": PASSWORD, "new": NEW}, 204)
        case "deactivated":
            await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})
        case _:
            await people.bob.delete("/api/sessions")
    await page.get("/api/me", 401)
    await bot_of(people.bob, made).get("/api/me", 200 if "elsewhere" in ending else 401)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nobody_has_more_than_fifty(people: Cast) -> None:
    for _ in range(MAX_TOKENS):
        made = await people.bob.post("/api/tokens", BOT)
    problem(await people.bob.ask("POST", "/api/tokens", BOT), 409, "too_many_tokens")
    await people.bob.delete(f"/api/tokens/{made['token_id']}")
    await people.bob.post("/api/tokens", BOT)
