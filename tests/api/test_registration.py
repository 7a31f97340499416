"""Making an account: by the setting, by a join code, and the very first one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from quart import Quart

from api.context import Services
from api.settings import Settings
from model.account import Registration, register
from tests.api.browser import browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD

WHILE_OTHERS_WAIT_S = 0.4
ZOE = {"username": "zoe", "name": "Zoe", "password": PASSWORD}


@contextmanager
def registration(services: Services, policy: Registration) -> Iterator[None]:
    before = services.settings
    services.settings = before.model_copy(update={"registration": policy})
    yield
    services.settings = before


@pytest.mark.usefixtures("people")
async def test_who_registers_is_signed_in_and_no_administrator(app: Quart) -> None:
    page = browser(app)
    answer = await page.ask("POST", "/api/users", {**ZOE, "email": "zoe@example.org"})
    assert answer.status == 201, answer
    assert answer.body.keys() == {
        "id", "username", "name", "avatar", "role", "active", "created_at", "email",
        "email_confirmed", "may_enrol",
    }  # fmt: skip
    assert (answer.body["role"], answer.body["email"]) == ("member", "zoe@example.org")
    assert await page.get("/api/me") == answer.body
    await browser(app).post("/api/sessions", {"username": "zoe", "password": PASSWORD})


@pytest.mark.usefixtures("people")
async def test_a_username_is_taken_in_any_case(app: Quart) -> None:
    answer = await browser(app).ask("POST", "/api/users", {**ZOE, "username": "BOB"})
    problem(answer, 409, "username_taken")
    together = [
        browser(app).ask("POST", "/api/users", {**ZOE, "username": u}) for u in ("zo", "ZO")
    ]
    assert sorted(a.status for a in await asyncio.gather(*together)) == [201, 409]


@pytest.mark.usefixtures("people")
async def test_what_a_keyboard_puts_round_a_new_name_is_not_of_it(app: Quart) -> None:
    typed = {
        "username": " \uff3aoe\u2011\u200b1\n",
        "name": "\u2067Zoe\u0308\u00ad ",
        "email": "z\uff20x.org ",
    }
    password = f" {PASSWORD}\u200b"
    made = await browser(app).post("/api/users", {**ZOE, **typed, "password": password})
    assert (made["username"], made["name"], made["email"]) == ("Zoe-1", "Zoë", "z@x.org")
    again = await browser(app).ask("POST", "/api/users", {**ZOE, "username": "zoe-\uff11"})
    problem(again, 409, "username_taken")
    for given, status in ((PASSWORD, 401), (password, 201)):
        signed_in = {"username": "\ufeffZOE-1", "password": given}
        answer = await browser(app).ask("POST", "/api/sessions", signed_in)
        assert answer.status == status, "a password is what it is"


async def test_the_page_says_of_letters_what_is_taken(app: Quart) -> None:
    page = (await browser(app).ask("GET", "/register")).body.decode()
    refused = await browser(app).ask("POST", "/api/users", {**ZOE, "username": "zoë"})
    for said in (page, refused.body["fields"]["username"]):
        assert "letters from a to z, digits" in said.lower()


WRONG: dict[str, list[object]] = {
    "username": ["", "z", "z" * 40, "zoë", "a b", "z\noe", "z\u200b", "a\0", None, 7],
    "name": ["", "  ", "z" * 81, "a\nb", "a\x0bb", "\u200b", "\u2800", "\u3164 \u115f", None, 7],
    "password": ["", "1234567", "x" * 201, None, 12345678],
    "email": ["", "zoe", "zoe@", "@example.org", "a b@c", "zoe@\nexample.org", "a@\0", 7],
    "role": ["admin"],
    "active": [True],
    "id": [1],
    "is_first": [True],
    "password_hash": ["x"],
}


async def test_a_wrong_field_is_named_and_so_is_one_that_nobody_may_give(app: Quart) -> None:
    for field, values in WRONG.items():
        for value in values:
            answer = await browser(app).ask("POST", "/api/users", {**ZOE, field: value})
            assert problem(answer, 400, "invalid")["fields"].keys() == {field}, value


async def test_registration_follows_its_setting(
    app: Quart, services: Services, people: Cast
) -> None:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    with_code = {**ZOE, "join_code": code["join_code"]}
    with registration(services, Registration.CLOSED):
        for body in (ZOE, with_code):
            answer = await browser(app).ask("POST", "/api/users", body)
            problem(answer, 403, "registration_closed")
    with registration(services, Registration.JOIN_CODE):
        problem(await browser(app).ask("POST", "/api/users", ZOE), 403, "join_code_needed")
        answer = await browser(app).ask("POST", "/api/users", {**ZOE, "join_code": "0000000000"})
        assert problem(answer, 400, "invalid")["fields"].keys() == {"join_code"}
        page = browser(app)
        await page.post("/api/users", with_code)
        assert [g["id"] for g in (await page.get("/api/groups"))["groups"]] == [people.group["id"]]
        answer = await browser(app).ask("POST", "/api/users", {**with_code, "username": "ANN"})
        problem(answer, 409, "username_taken")


async def test_without_a_right_code_nobody_learns_which_usernames_are_taken(
    app: Quart, services: Services, people: Cast
) -> None:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {"max_uses": 1})
    used_up = {"join_code": code["join_code"]}
    await browser(app).post("/api/users", {**ZOE, **used_up})
    refusals: list[tuple[Registration, dict[str, str]]] = [
        (Registration.OPEN, {"join_code": "0000000000"}),
        (Registration.OPEN, used_up),
        (Registration.OPEN, {"token": "0" * 32}),
        (Registration.OPEN, {"token": Settings.first_token(services.signing_key)}),
        (Registration.JOIN_CODE, {}),
        (Registration.JOIN_CODE, {"join_code": "0000000000"}),
        (Registration.JOIN_CODE, used_up),
        (Registration.CLOSED, {}),
        (Registration.CLOSED, used_up),
    ]
    for policy, given in refusals:
        answers = []
        with registration(services, policy):
            for username in ("bob", "free"):
                body = {**ZOE, "username": username, **given}
                answer = await browser(app).ask("POST", "/api/users", body)
                answer.body.pop("request_id")
                answers.append((answer.status, answer.body))
        assert answers[0] == answers[1], (policy, given)
        assert answers[0][0] in {400, 403}


async def test_a_code_that_is_used_up_registers_nobody_more(
    app: Quart, services: Services, people: Cast
) -> None:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {"max_uses": 2})
    bodies = [{**ZOE, "username": f"zoe{n}", "join_code": code["join_code"]} for n in range(5)]
    with registration(services, Registration.JOIN_CODE):
        answers = await asyncio.gather(
            *(browser(app).ask("POST", "/api/users", body) for body in bodies)
        )
    assert sorted(answer.status for answer in answers) == [201, 201, 400, 400, 400]
    listed = await people.root.get("/api/users?search=zoe")
    assert len(listed["users"]) == 2, "who could not join was not made either"


def first_body(services: Services, username: str = "zoe") -> dict[str, Any]:
    token = Settings.first_token(services.signing_key)
    return {**ZOE, "username": username, "token": token}


async def test_the_first_account_needs_the_printed_token_whatever_the_setting_says(
    app: Quart, services: Services
) -> None:
    body = first_body(services)
    with registration(services, Registration.CLOSED):
        for wrong in ("x", body["token"][:-1], body["token"].upper() + "x", "\u00e4"):
            answer = await browser(app).ask("POST", "/api/users", {**body, "token": wrong})
            assert problem(answer, 400, "invalid")["fields"].keys() == {"token"}
        problem(await browser(app).ask("POST", "/api/users", ZOE), 403, "registration_closed")
        pasted = {**body, "token": f"\u200b{body['token']} \n"}
        made = await browser(app).post("/api/users", pasted)
        assert (made["role"], made["may_enrol"]) == ("admin", True)
        again = await browser(app).ask("POST", "/api/users", {**body, "username": "again"})
        problem(again, 403, "first_account_exists")


async def test_the_first_token_makes_one_administrator_however_often_it_is_used_at_once(
    app: Quart, services: Services
) -> None:
    bodies = [first_body(services, f"zoe{n}") for n in range(4)]
    async with services.database.write() as db:
        await register(
            db, "quick", "Quick", "no hash", is_first=True,
            email=None, policy=Registration.CLOSED, join_code=None,
        )  # fmt: skip
        asked = [
            asyncio.create_task(browser(app).ask("POST", "/api/users", body)) for body in bodies
        ]
        done, _ = await asyncio.wait(asked, timeout=WHILE_OTHERS_WAIT_S)
        assert not done, "they wait for who was quicker"
    for answer in await asyncio.gather(*asked):
        problem(answer, 403, "first_account_exists")
