"""Signing in and out: cookies, bearer tokens, and the list of where one is signed in."""

import asyncio
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.session import Sessions
from tests.api.browser import SESSION, Browser, browser, problem
from tests.support.cast import Cast
from tests.support.cheap_passwords import OF_USERS
from tests.support.examples import Example
from tests.support.people import PASSWORD, Visitor
from tests.support.roster import set_user

BOB = {"username": "bob", "password": PASSWORD}
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}

EXAMPLES = (
    Example(
        "POST /api/sessions", BOB, makes="session_id", listed="/api/sessions", by=("bob",), often=0
    ),
    Example("DELETE /api/sessions/{session_id}", by=("bob",), often=0),
    Example("DELETE /api/sessions/current", by=("guest",), often=0),
    Example("DELETE /api/sessions", by=("guest",), often=0),
)


async def signed_in(app: Quart, who: str = "bob") -> Browser:
    page = browser(app, headers={**OWN_PAGE, "User-Agent": f"{who}'s phone"})
    await page.post("/api/sessions", {**BOB, "username": who})
    return page


async def test_a_browser_gets_a_cookie_and_no_token(app: Quart, people: Cast) -> None:
    page = browser(app)
    answer = await page.ask("POST", "/api/sessions", BOB)
    assert answer.status == 201
    assert answer.body.keys() == {"user", "session_id", "expires_at"}
    assert answer.body["user"]["username"] == "bob"
    cookie, _ = answer.headers.getlist("Set-Cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith(f"{SESSION}=")
    assert {a.partition("=")[0] for a in attributes} == {"Expires", "HttpOnly", "Path", "SameSite"}
    assert {"Path=/", "SameSite=Lax"} <= set(attributes)
    assert (await page.get("/api/me"))["id"] == people.bob.id


async def test_who_asks_for_a_token_gets_it_and_no_cookie(app: Quart, people: Cast) -> None:
    page = browser(app)
    answer = await page.ask("POST", "/api/sessions", {**BOB, "token": True})
    assert "Set-Cookie" not in answer.headers
    assert answer.body["user"]["id"] == people.bob.id
    page.headers["Authorization"] = f"bearer {answer.body['token']}"
    assert (await page.get("/api/me"))["id"] == people.bob.id


async def test_the_username_is_known_in_any_case(app: Quart, people: Cast) -> None:
    answer = await browser(app).post("/api/sessions", {**BOB, "username": "BoB"})
    assert answer["user"]["id"] == people.bob.id


async def test_an_unknown_name_and_a_wrong_password_are_answered_alike(
    app: Quart, people: Cast
) -> None:
    await people.root.patch(f"/api/users/{people.mia.id}", {"active": False})
    tried: list[dict[str, Any]] = [
        {**BOB, "password": "wrong horse"},
        {**BOB, "username": "nobody"},
        {**BOB, "username": "mia"},
        {**BOB, "username": "b\u00f6b \U0001f642"},
        {"username": "", "password": ""},
    ]
    answers = []
    for body in tried:
        answer = await browser(app).ask("POST", "/api/sessions", body)
        problem(answer, 401, "wrong_credentials").pop("request_id")
        assert "Set-Cookie" not in answer.headers
        answers.append(answer.body)
    assert answers == [answers[0]] * len(tried)


async def test_an_unknown_name_costs_as_much_as_a_known_one(
    app: Quart, services: Services, people: Cast
) -> None:
    """Else whoever has a clock finds out who has an account: hashing takes most of the time.

    The processor's time of this process is compared: others may be at work beside it.
    """
    password_hash = OF_USERS.hash(PASSWORD)
    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")  # as OWASP says
    await set_user(services, people.bob, password_hash=password_hash)
    took: dict[str, list[float]] = {"nobody": [], "bob": []}
    for _ in range(4):
        for username, times in took.items():
            before = time.process_time()
            await browser(app).post("/api/sessions", {"username": username, "password": "x"}, 401)
            times.append(time.process_time() - before)
    assert min(took["nobody"]) > min(took["bob"]) / 2


async def test_authorization_beats_the_cookie(app: Quart, people: Cast) -> None:
    page = await signed_in(app)
    ann = await page.get("/api/me", Authorization=f"Bearer {people.ann.token}")
    assert ann["id"] == people.ann.id
    for wrong in ("Bearer nonsense", "Bearer", "", "Basic Ym9iOng=", f"Token {people.ann.token}"):
        problem(await page.ask("GET", "/api/me", Authorization=wrong), 401, "not_signed_in")
    assert (await page.get("/api/me"))["id"] == people.bob.id


async def test_a_wrong_cookie_or_token_signs_nobody_in(app: Quart, people: Cast) -> None:
    for cookie in (
        "",
        "x",
        "\xff\xfe",
        '"\\777\\000"',
        "a" * 4000,
        "=;=;,",
        people.bob.token + "x",
    ):
        page = browser(app, headers={"Cookie": f"{SESSION}={cookie}"})
        answer = await page.ask("GET", "/api/me")
        problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for token in ("\xff", "\x01", "a" * 4000, people.bob.token + " x", people.bob.token[:-1]):
        page = browser(app, headers={"Authorization": f"Bearer {token}"})
        problem(await page.ask("GET", "/api/me"), 401, "not_signed_in")


async def test_a_session_ends_after_its_time(services: Services, people: Cast) -> None:
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=now() - timedelta(seconds=1))
    problem(await people.bob.ask("GET", "/api/me"), 401, "not_signed_in")


async def signed_in_ten_days_ago(services: Services) -> None:
    async with services.database.write() as db:
        ago, left = now() - timedelta(days=10), now() + timedelta(days=20)
        await db.run(update(Sessions), created_at=ago, expires_at=left)


async def until_prolonged(who: Visitor, agents: set[str]) -> None:
    """Until her sessions of these agents last for a month again, and no other ones."""
    a_month = (now() + timedelta(days=29)).isoformat()
    async with asyncio.timeout(10):
        while True:
            sessions = (await who.get("/api/sessions"))["sessions"]
            if {one["agent"] for one in sessions if one["expires_at"] > a_month} == agents:
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_is_here_every_day_is_not_signed_out_after_a_month(
    app: Quart, services: Services, people: Cast
) -> None:
    page = await signed_in(app)
    await signed_in_ten_days_ago(services)
    cookie = (SESSION, page.cookies[SESSION])
    async with services.database.write():  # nobody else writes meanwhile
        for path in ("/board", "/api/me"):
            answer = await page.ask("GET", path)
            (kept,) = answer.headers.getlist("Set-Cookie")
            assert kept.startswith("{}={}; ".format(*cookie))
            days = parsedate_to_datetime(kept.partition("Expires=")[2].partition(";")[0]) - now()
            assert timedelta(days=29) < days < timedelta(days=31)
    await until_prolonged(page, {"bob's phone"})
    assert "Set-Cookie" not in (await page.ask("GET", "/api/me")).headers, "once a day"
    assert "Set-Cookie" not in (await people.bob.ask("GET", "/api/me")).headers
    await until_prolonged(page, {"bob's phone", "tests"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("people")
async def test_who_signs_out_after_days_is_signed_out(app: Quart, services: Services) -> None:
    page = await signed_in(app)
    await signed_in_ten_days_ago(services)
    await page.delete("/api/sessions/current")
    assert SESSION not in page.cookies


async def test_ones_sessions_are_listed_newest_first_and_only_ones_own(
    app: Quart, people: Cast
) -> None:
    page = await signed_in(app)
    listed = await page.get("/api/sessions")
    assert [session["agent"] for session in listed["sessions"]] == ["bob's phone", "tests"]
    newest = listed["sessions"][0]
    assert newest.keys() == {
        "id", "agent", "created_at", "expires_at", "used_at", "address",
    }  # fmt: skip
    assert newest["address"] == page.address
    assert listed["current_id"] == newest["id"]
    assert (await people.bob.get("/api/sessions"))["current_id"] == listed["sessions"][1]["id"]


async def test_a_session_is_revoked_at_once_and_only_by_its_owner(app: Quart, people: Cast) -> None:
    page = await signed_in(app)
    session_id = (await page.get("/api/sessions"))["current_id"]
    for other in (people.ann, people.root):
        answer = await other.ask("DELETE", f"/api/sessions/{session_id}")
        problem(answer, 404, "not_found")
    await people.bob.delete(f"/api/sessions/{session_id}")
    await page.get("/api/me", status=401)
    await people.bob.delete(f"/api/sessions/{session_id}", status=404)


async def test_signing_out_ends_this_session_and_takes_the_cookie_back(
    app: Quart, people: Cast
) -> None:
    page = await signed_in(app)
    token = page.cookies[SESSION]
    await page.delete("/api/sessions/current")
    assert SESSION not in page.cookies
    page.cookies[SESSION] = token
    await page.get("/api/me", status=401)
    await people.bob.get("/api/me")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_two_servers_on_one_host_do_not_sign_each_other_out(
    app: Quart, people: Cast, scheme: str
) -> None:
    jar: dict[str, str] = {}
    pages = {
        host: browser(app, scheme=scheme, cookies=jar, headers={"Host": host, **OWN_PAGE})
        for host in ("host", "host:8080", "[::1]", "[::1]:9090", "strange host:x")
    }
    there = dict(zip(("host", "host:8080", "[::1]:9090"), ("bob", "ann", "mia"), strict=True))
    for host, username in there.items():
        await pages[host].post("/api/sessions", {**BOB, "username": username})
    for host, username in {**there, "[::1]": "bob", "strange host:x": "bob"}.items():
        assert (await pages[host].get("/api/me"))["username"] == username
    await pages["host:8080"].delete("/api/sessions/current")
    await pages["host:8080"].get("/api/me", status=401)
    assert (await pages["host"].get("/api/me"))["id"] == people.bob.id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_is_signed_out_by_the_update_that_named_cookies_for_ports(
    app: Quart, people: Cast, scheme: str
) -> None:
    before = "homeroom" if scheme == "http" else "__Host-homeroom"
    page = browser(app, scheme=scheme, headers=OWN_PAGE, cookies={before: people.bob.token})
    assert (await page.get("/api/me"))["id"] == people.bob.id
    await page.post("/api/sessions", {**BOB, "username": "ann"})
    device = next(name for name in page.cookies if name.endswith("-device"))
    page.cookies[f"{before}-device"] = page.cookies.pop(device)
    assert (await page.get("/api/me"))["id"] == people.ann.id, "the newer one counts"
    await page.delete("/api/sessions/current")
    assert page.cookies.keys() == {f"{before}-device"}, "nobody else is signed in then"
    shown = page.cookies[f"{before}-device"]
    await page.post("/api/sessions", {**BOB, "username": "ann"})
    assert page.cookies[device] == shown, "and the device is known"


async def test_all_other_sessions_end_at_once(app: Quart, people: Cast) -> None:
    pages = [await signed_in(app) for _ in range(3)]
    await pages[0].delete("/api/sessions")
    await pages[0].get("/api/me")
    for ended in (*pages[1:], people.bob):
        await ended.get("/api/me", status=401)
    await people.ann.get("/api/me")


@pytest.mark.usefixtures("people")
async def test_sign_in_is_tried_ten_times_and_no_more_however_many_come_at_once(app: Quart) -> None:
    body = {**BOB, "password": "guessed wrong"}
    pages = [browser(app) for _ in range(30)]
    answers = await asyncio.gather(*(page.ask("POST", "/api/sessions", body) for page in pages))
    assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 20
    refused = [answer for answer in answers if answer.status == 429]
    assert all(1 <= int(answer.headers["Retry-After"]) <= 31 for answer in refused)
    problem(refused[0], 429, "too_many")
    upper = await browser(app).ask("POST", "/api/sessions", {**body, "username": "BOB"})
    problem(upper, 429, "too_many")
    await browser(app).post("/api/sessions", {**BOB, "username": "ann"})


@pytest.mark.usefixtures("people")
async def test_who_signs_in_may_make_mistakes_again(app: Quart) -> None:
    for _ in range(2):
        for _ in range(8):
            await browser(app).post("/api/sessions", {**BOB, "password": "x"}, 401)
        await browser(app).post("/api/sessions", BOB)


@pytest.mark.usefixtures("people")
async def test_thirty_people_behind_one_address_sign_in(app: Quart) -> None:
    answers = await asyncio.gather(
        *(browser(app).ask("POST", "/api/sessions", BOB) for _ in range(8)),
        *(browser(app).ask("POST", "/api/sessions", {**BOB, "username": "ann"}) for _ in range(8)),
        *(browser(app).ask("POST", "/api/sessions", {**BOB, "username": "mia"}) for _ in range(8)),
        *(browser(app).ask("POST", "/api/sessions", {**BOB, "username": "eve"}) for _ in range(8)),
    )
    assert {answer.status for answer in answers} == {201}
