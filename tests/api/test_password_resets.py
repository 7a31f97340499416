"""Setting a new password by a link: once, in time, and with what it ends; and by mail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select, update

from api.context import Services
from model.account_link import AccountLinks, MadeLink, Purpose, make_link
from model.act import Acts
from model.database.table import now
from model.limit import (
    LINK_ADDRESS_LIMIT,
    MAIL_ADDRESS_LIMIT,
    MAIL_TO_LIMIT,
    SIGN_IN_ACCOUNT_LIMIT,
    Action,
    take,
)
from model.password_reset import MOST_ACCOUNTS_OF_AN_ADDRESS
from tests.api.browser import SESSION, browser, problem
from tests.live.client import LiveClient
from tests.support import mail
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.mail import MailServer
from tests.support.people import PASSWORD, Answer, Person, Visitor, sign_up
from tests.support.roster import enrolled, set_user
from tests.test_statements import counted

EXAMPLES = (
    Example("POST /api/password-resets", {"email": "no@example.org"}, by=("guest",), often=0),
    Example(
        "PUT /api/password-resets", {"token": "{reset_token}", "password": "another horse"},
        by=("guest",), often=0,
    ),
)  # fmt: skip
PATH = "/api/password-resets"
NEW = "another horse battery"
PUBLIC_URL = "https://class.example.org"
BOBS = "Bob@Example.org"

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both
with_mail = pytest.mark.parametrize(
    "changed_settings",
    [
        {
            "public_url": PUBLIC_URL,
            "mail_url": "smtp://localhost:9",  # the fixture of the mail server has another port
            "mail_from": "homeroom@example.org",
        }
    ],
)


@pytest.fixture
async def mails(services: Services) -> AsyncIterator[MailServer]:
    async with mail.mail_server() as server:
        services.outbox = mail.outbox_to(server, PUBLIC_URL)
        yield server
        await services.outbox.close()


async def made_for(
    services: Services, who: Person, purpose: Purpose = Purpose.RESET, **more: Any
) -> MadeLink:
    async with services.database.write() as db:
        return await make_link(db, who.id, purpose, timedelta(hours=1), **more)


async def use(visitor: Visitor, token: str, password: str = NEW, **headers: str) -> Answer:
    return await visitor.ask("PUT", PATH, {"token": token, "password": password}, **headers)


def is_dead(answer: Answer) -> bool:
    """It says the same whatever is wrong with the link."""
    refused = problem(answer, 400, "invalid")
    return bool(refused["fields"] == {"token": DEAD})


DEAD = "This link does nothing any more: it has been used, replaced, or is too old."


async def signs_in(app: Quart, username: str, password: str) -> bool:
    form = {"username": username, "password": password}
    return (await browser(app).ask("POST", "/api/sessions", form)).status == 201


async def test_a_link_sets_a_password_once_and_ends_all_that_was_signed_in(
    app: Quart, people: Cast, services: Services, visitor: Visitor, url: str
) -> None:
    await set_user(services, people.bob, email=BOBS)
    token = (await made_for(services, people.bob)).token
    other = await made_for(services, people.bob, Purpose.EMAIL, email=BOBS)
    await browser(app).post("/api/sessions", {"username": "bob", "password": PASSWORD})
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        answer = await use(visitor, f" {token}\n")
        assert await live.closed() == 4401
    assert (answer.status, answer.body["username"]) == (200, "bob")
    assert f"{SESSION}=" not in answer.headers["Set-Cookie"], "it signs nobody in"
    await people.bob.get("/api/me", 401)
    await people.ann.get("/api/me")
    assert await signs_in(app, "bob", NEW)
    assert not await signs_in(app, "bob", PASSWORD)
    assert is_dead(await use(browser(app), token))
    dead = await browser(app).ask("PUT", "/api/email-confirmations", {"token": other.token})
    assert is_dead(dead), "whoever was in the account could have asked for it"
    async with services.database.read() as db:
        (act,) = await db.all(select(*Acts.__table__.c).where(Acts.kind == "link.used"))
    assert (act.group_id, act.by_id, act.person_id) == (None, people.bob.id, people.bob.id)


async def test_of_many_who_come_with_a_link_at_once_one_sets_the_password(
    app: Quart, people: Cast, services: Services
) -> None:
    token = (await made_for(services, people.bob)).token
    passwords = [f"another horse {n}" for n in range(5)]
    answers = await asyncio.gather(*(use(browser(app), token, each) for each in passwords))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 4
    (winner,) = [p for p, a in zip(passwords, answers, strict=True) if a.status == 200]
    assert [await signs_in(app, "bob", each) for each in passwords].count(True) == 1
    assert await signs_in(app, "bob", winner)


async def test_a_link_that_is_late_replaced_or_for_something_else_does_nothing(
    app: Quart, people: Cast, services: Services, visitor: Visitor
) -> None:
    first = await made_for(services, people.bob)
    second = await made_for(services, people.bob)
    assert is_dead(await use(visitor, first.token))
    async with services.database.write() as db:
        await db.run(update(AccountLinks).values(expires_at=now()))
    assert is_dead(await use(visitor, second.token))
    await set_user(services, people.bob, email=BOBS, email_confirmed=True)
    third = await made_for(services, people.bob, Purpose.EMAIL, email=BOBS)
    for token in (third.token, "x", "\0", second.token.upper()):
        assert is_dead(await use(visitor, token))
    pupil = await enrolled(people, services)
    claim = await made_for(services, pupil, Purpose.CLAIM, group_id=people.group["id"])
    assert is_dead(await use(visitor, claim.token)), "she has a password"
    own = await made_for(services, people.bob)
    change = {"old": PASSWORD, "new": NEW}
    await people.bob.put("/api/me/password", change, 204)
    assert is_dead(await use(visitor, own.token, PASSWORD))
    assert await signs_in(app, "bob", NEW)


async def test_who_is_signed_in_as_somebody_else_stays_so_and_changes_only_the_links_account(
    app: Quart, people: Cast, services: Services
) -> None:
    """A session that was planted in her browser is not the one that she then has (fixation)."""
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "eve", "password": PASSWORD})
    planted = page.cookies[SESSION]
    token = (await made_for(services, people.bob)).token
    assert (await use(page, token)).body["username"] == "bob"
    assert page.cookies[SESSION] == planted
    assert (await page.get("/api/me"))["username"] == "eve"
    assert await signs_in(app, "eve", PASSWORD)
    await page.post("/api/sessions", {"username": "bob", "password": NEW})
    assert page.cookies[SESSION] != planted
    assert (await page.get("/api/me"))["username"] == "bob"


@on_one_database
async def test_whoever_guesses_does_not_lock_out_who_has_set_a_new_password(
    app: Quart, people: Cast, services: Services
) -> None:
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await use(page, (await made_for(services, people.bob)).token)
    await take(services.database, Action(SIGN_IN_ACCOUNT_LIMIT, "bob", SIGN_IN_ACCOUNT_LIMIT.burst))
    form = {"username": "bob", "password": NEW}
    problem(await browser(app).ask("POST", "/api/sessions", form), 429, "too_many")
    await page.post("/api/sessions", form)


@on_one_database
async def test_a_page_elsewhere_sets_no_password(
    app: Quart, people: Cast, services: Services
) -> None:
    token = (await made_for(services, people.bob)).token
    answer = await use(browser(app), token, Origin="https://evil.example")
    problem(answer, 403, "origin_not_allowed")


async def test_who_was_enrolled_claims_the_account_once(
    app: Quart, people: Cast, services: Services, visitor: Visitor
) -> None:
    pupil = await enrolled(people, services)
    await set_user(services, pupil, password_hash="")
    link = await made_for(services, pupil, Purpose.CLAIM, group_id=people.group["id"])
    assert not await signs_in(app, "zoe", "")
    shown = await visitor.post("/api/account-links", {"token": link.token}, 200)
    assert (shown["purpose"], shown["username"], shown["name"]) == ("claim", "zoe", "Zoe")
    assert (await use(visitor, link.token)).status == 200
    assert await signs_in(app, "zoe", NEW)
    assert is_dead(await use(browser(app), link.token, PASSWORD))


@on_one_database
async def test_a_new_password_has_the_rules_of_every_password(
    people: Cast, services: Services, visitor: Visitor
) -> None:
    token = (await made_for(services, people.bob)).token
    short = problem(await use(visitor, token, "short"), 400, "invalid")
    assert short["fields"].keys() == {"password"}
    assert (await use(visitor, token)).status == 200


@on_one_database
async def test_guessing_links_is_slowed_down(app: Quart, services: Services) -> None:
    page = browser(app, address="192.0.2.7")
    await take(services.database, Action(LINK_ADDRESS_LIMIT, "192.0.2.7", LINK_ADDRESS_LIMIT.burst))
    problem(await use(page, "x"), 429, "too_many")
    problem(await page.ask("POST", "/api/account-links", {"token": "x"}), 429, "too_many")
    assert is_dead(await use(browser(app, address="192.0.2.8"), "x"))


# By mail


@with_mail
async def test_a_link_comes_by_mail_and_never_to_where_the_request_says(
    app: Quart, people: Cast, services: Services, mails: MailServer
) -> None:
    await set_user(services, people.bob, email=BOBS, email_confirmed=True)
    forged = {"Host": "evil.example", "X_Forwarded_Host": "evil.example"}
    answer = await browser(app).ask("POST", PATH, {"email": "bob@EXAMPLE.org"}, **forged)
    assert (answer.status, answer.body) == (202, {"status": "accepted"})
    got = await mails.mail()
    assert got.recipients == ["Bob@example.org"], "as it was confirmed"
    (link,) = [word for word in got.part("plain").split() if "#token=" in word]
    assert link.startswith(f"{PUBLIC_URL}/reset#token=")
    assert "evil" not in got.part("plain") + got.part("html")
    assert (await use(browser(app), link.partition("=")[2])).body["username"] == "bob"
    assert await signs_in(app, "bob", NEW)


@with_mail
async def test_nobody_learns_by_asking_whether_an_address_is_known(
    app: Quart, people: Cast, services: Services, mails: MailServer
) -> None:
    """Nor by what the answer costs: whatever depends on the address is done beside it."""
    await set_user(services, people.bob, email="bob@example.org", email_confirmed=True)
    await set_user(services, people.mia, email="mia@example.org")
    await set_user(services, people.eve, email="eve@example.org", email_confirmed=True)
    await people.root.patch(f"/api/users/{people.eve.id}", {"active": False})
    answers, costs = [], []
    for who in ("bob", "mia", "eve", "nobody"):
        with counted() as statements:
            answer = await browser(app).ask("POST", PATH, {"email": f"{who}@example.org"})
        named = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        answers.append((answer.status, answer.body, named))
        costs.append([*statements])
    assert answers == [answers[0]] * 4
    assert costs == [costs[0]] * 4
    assert len(costs[0]) > 2, "they are really counted"
    assert (await mails.mail()).recipients == ["bob@example.org"]
    await services.outbox.close()
    assert mails.is_empty


@with_mail
async def test_a_mailed_link_is_for_the_address_that_the_account_still_has(
    app: Quart, people: Cast, services: Services, mails: MailServer, visitor: Visitor
) -> None:
    links = []
    for _ in range(2):
        await set_user(services, people.bob, email="bob@example.org", email_confirmed=True)
        await browser(app).post(PATH, {"email": "bob@example.org"}, 202)
        links.append((await mails.mail()).part("plain").partition("#token=")[2].split()[0])
    assert is_dead(await use(visitor, links[0])), "a newer one was made"
    await set_user(services, people.bob, email="bob@elsewhere.example", email_confirmed=True)
    assert is_dead(await use(visitor, links[1]))


@with_mail
async def test_a_family_with_one_address_gets_a_link_for_each_account_and_nobody_crowds_it_out(
    app: Quart, people: Cast, services: Services, mails: MailServer
) -> None:
    """Others may say that the address is theirs: they have not confirmed it."""
    for n in range(MOST_ACCOUNTS_OF_AN_ADDRESS):
        await sign_up(app, services.database, f"other{n}", email="ours@example.org")
    twin = await sign_up(app, services.database, "twin")
    for who in (people.bob, twin):
        await set_user(services, who, email="ours@example.org", email_confirmed=True)
    await browser(app).post(PATH, {"email": "ours@example.org"}, 202)
    texts = [(await mails.mail()).part("plain") for _ in range(2)]
    assert [any(name in text for text in texts) for name in ("account\r\nbob", "account\r\ntwin")]
    assert mails.is_empty


@on_one_database
@with_mail
async def test_the_answer_is_the_same_while_the_mail_server_is_away(
    app: Quart, people: Cast, services: Services
) -> None:
    """The settings name one that does not answer."""
    await set_user(services, people.bob, email="bob@example.org", email_confirmed=True)
    answer = await browser(app).ask("POST", PATH, {"email": "bob@example.org"})
    assert (answer.status, answer.body) == (202, {"status": "accepted"})


@on_one_database
@with_mail
async def test_nobodys_mailbox_is_filled(app: Quart, people: Cast, services: Services) -> None:
    await set_user(services, people.bob, email="bob@example.org", email_confirmed=True)
    for email in ("bob@example.org", "nobody@example.org"):
        answers = [
            await browser(app, address=f"192.0.2.{n}").ask("POST", PATH, {"email": email})
            for n in range(MAIL_TO_LIMIT.burst + 1)
        ]
        assert [answer.status for answer in answers] == [202] * MAIL_TO_LIMIT.burst + [429]
        problem(answers[-1], 429, "too_many")
    await take(services.database, Action(MAIL_ADDRESS_LIMIT, "192.0.2.9", MAIL_ADDRESS_LIMIT.burst))
    answer = await browser(app, address="192.0.2.9").ask("POST", PATH, {"email": "x@example.org"})
    problem(answer, 429, "too_many")


@on_one_database
async def test_without_a_mail_server_nobody_is_told_to_wait_for_a_mail(app: Quart) -> None:
    answer = await browser(app).ask("POST", PATH, {"email": "bob@example.org"})
    problem(answer, 404, "no_mail")
