"""Confirming an address: by a link that was sent there, once, for the account's address alone."""

from collections.abc import AsyncIterator

import pytest
from quart import Quart

from api.context import Services
from model.limit import MAIL_TO_LIMIT
from tests.api.browser import browser, problem
from tests.live.client import LiveClient
from tests.support import mail
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.mail import MailServer
from tests.support.people import Visitor
from tests.support.roster import set_user

EXAMPLES = (
    Example("POST /api/me/email-confirmation", by=("guest",), often=0),
    Example("PUT /api/email-confirmations", {"token": "{email_token}"}, by=("guest",), often=0),
)
ASK, CONFIRM, RESET = (
    "/api/me/email-confirmation",
    "/api/email-confirmations",
    "/api/password-resets",
)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both
PUBLIC_URL = "https://class.example.org"
BOBS = "bob@example.org"


@pytest.fixture
async def mails(services: Services) -> AsyncIterator[MailServer]:
    async with mail.mail_server() as server:
        services.outbox = mail.outbox_to(server, PUBLIC_URL)
        yield server
        await services.outbox.close()


async def token_of(mails: MailServer) -> str:
    return (await mails.mail()).part("plain").partition("#token=")[2].split()[0]


async def test_an_address_is_confirmed_by_whoever_gets_its_mail(
    app: Quart, people: Cast, mails: MailServer, url: str
) -> None:
    await people.bob.patch("/api/me", {"email": BOBS})
    await browser(app).post(RESET, {"email": BOBS}, 202)
    assert await people.bob.post(ASK, status=202) == {"status": "accepted"}
    token = await token_of(mails)
    elsewhere = browser(app)
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        subscribed = await live.follow(f"user:{people.bob.id}")
        await elsewhere.put(CONFIRM, {"token": token}, 204)
        told = await live.event(f"user:{people.bob.id}", subscribed["seq"] + 1)
    assert (told["kind"], told["data"]) == ("email.confirmed", {"id": people.bob.id})
    problem(await elsewhere.ask("PUT", CONFIRM, {"token": token}), 400, "invalid")
    problem(await people.bob.ask("POST", ASK), 409, "email_confirmed")
    await elsewhere.post(RESET, {"email": BOBS}, 202)
    assert (await mails.mail()).recipients == [BOBS], "only since it is confirmed"
    assert mails.is_empty


async def test_a_link_confirms_no_other_address_than_the_one_that_got_it(
    people: Cast, services: Services, mails: MailServer, visitor: Visitor
) -> None:
    await set_user(services, people.bob, email=BOBS)
    await people.bob.post(ASK, status=202)
    token = await token_of(mails)
    await set_user(services, people.bob, email="ann@example.org")
    problem(await visitor.ask("PUT", CONFIRM, {"token": token}), 400, "invalid")
    body = {"token": token, "password": "another horse"}
    problem(await visitor.ask("PUT", RESET, body), 400, "invalid")


@on_one_database
async def test_nobody_can_make_the_server_write_what_she_wants_to_others(
    people: Cast, services: Services, mails: MailServer
) -> None:
    advert = "Buy at http://evil.example <b>now</b>"
    await set_user(services, people.bob, email=BOBS, name=advert)
    for _ in range(MAIL_TO_LIMIT.burst):
        await people.bob.post(ASK, status=202)
        got = await mails.mail()
        assert "evil" not in got.part("plain") + got.part("html") + str(got.message["Subject"])
    problem(await people.bob.ask("POST", ASK), 429, "too_many")
    await set_user(services, people.mia, email=BOBS.upper())
    problem(await people.mia.ask("POST", ASK), 429, "too_many")
    assert mails.is_empty


@on_one_database
async def test_what_has_no_address_or_none_that_takes_mail_is_told(
    people: Cast, services: Services, mails: MailServer
) -> None:
    problem(await people.bob.ask("POST", ASK), 409, "no_email")
    await set_user(services, people.bob, email="bob@example.org>,<eve@example.org")
    refused = problem(await people.bob.ask("POST", ASK), 400, "invalid")
    assert refused["fields"].keys() == {"email"}
    assert mails.is_empty


@on_one_database
async def test_the_old_address_is_told_of_a_change_if_it_was_confirmed(
    people: Cast, mails: MailServer
) -> None:
    """Nobody has said of another one that it is hers."""
    await people.bob.patch("/api/me", {"email": "typo@example.org"})
    await people.bob.patch("/api/me", {"email": BOBS})
    await people.bob.post(ASK, status=202)
    await people.bob.put(CONFIRM, {"token": await token_of(mails)}, 204)
    await people.bob.patch("/api/me", {"email": BOBS, "username": "robert"})
    await people.bob.patch("/api/me", {"email": "robert@example.org"})
    got = await mails.mail()
    assert got.recipients == [BOBS]
    for kind in ("plain", "html"):
        assert "robert" in got.part(kind)
    assert mails.is_empty


@on_one_database
async def test_without_a_mail_server_nobody_waits_for_a_mail(people: Cast) -> None:
    problem(await people.bob.ask("POST", ASK), 404, "no_mail")
