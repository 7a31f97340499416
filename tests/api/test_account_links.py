"""Links that set a new password: who makes them for whom, and that it is judged twice."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from api.context import Services
from model.account_link import AccountLinks
from model.act import Acts
from model.database.table import now
from model.group import Role
from model.session import CONFIRMATION_LASTS, Sessions
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.live.client import LiveClient
from tests.support import mail
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Person, Visitor
from tests.support.purging import purged
from tests.support.roster import enrolled, join, make_role, set_user

EXAMPLES = (
    Example("POST /api/users/{user_id}/reset-links", by=("root",), often=0),
    Example("POST /api/account-links", {"token": "{reset_token}"}, by=("guest",), often=0),
)
NEW = "another horse battery"

Change = Callable[[Cast, Services, Person], Awaitable[object]]


def path_for(person: Person) -> str:
    return f"/api/users/{person.id}/reset-links"


async def token_for(maker: Person, person: Person) -> str:
    made = await maker.post(path_for(person))
    link = str(made["link"])
    assert link.startswith("/reset#token="), "a path, wherever the request says that it goes"
    return link.partition("#token=")[2]


async def confirms_email(_: Cast, services: Services, pupil: Person) -> None:
    await set_user(services, pupil, email="zoe@example.org", email_confirmed=True)


async def administers(people: Cast, _: Services, pupil: Person) -> None:
    await people.root.patch(f"/api/users/{pupil.id}", {"role": "admin"})


async def joins_another_group(people: Cast, _: Services, pupil: Person) -> None:
    group = await people.eve.post("/api/groups", {"name": "chess"})
    await join(people.eve, group["id"], pupil)


async def leaves_the_group(people: Cast, _: Services, pupil: Person) -> None:
    await pupil.delete(f"/api/groups/{people.group['id']}/members/{pupil.id}")


async def is_in_a_private_channel(people: Cast, _: Services, pupil: Person) -> None:
    """The owner, who sees its name, is not in it."""
    new = {"name": "secret", "kind": "private"}
    path = f"/api/groups/{people.group['id']}/channels"
    channel = await people.mia.post(path, new)
    await people.mia.put(f"/api/channels/{channel['id']}/members/{pupil.id}", None, 204)


async def is_disabled(people: Cast, _: Services, pupil: Person) -> None:
    await people.root.patch(f"/api/users/{pupil.id}", {"active": False})


BEYOND: dict[str, Change] = {
    "confirmed": confirms_email,
    "admin": administers,
    "elsewhere": joins_another_group,
    "left": leaves_the_group,
    "private": is_in_a_private_channel,
    "disabled": is_disabled,
}
"""What an account has beyond the group whose roster has made it."""


@rows("""
         pupil  confirmed  admin  elsewhere  left  private  disabled  member  oneself
nobody   401    401        401    401        401   401      401       401     401
eve      404    404        404    403        404   404      404       404     403
bob      403    403        403    403        404   403      403       403     403
mia      403    403        403    403        404   403      403       403     403
ann      201    403        403    403        404   403      409       403     403
root     201    201        201    201        201   201      409       201     201
""")
async def test_who_may_make_a_link_for_whom(
    people: Cast, services: Services, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    pupils = {"pupil": await enrolled(people, services)}
    for name, change in BEYOND.items():
        pupils[name] = await enrolled(people, services, name)
        await change(people, services, pupils[name])
    pupils["member"] = people.mia if who == "bob" else people.bob
    pupils["oneself"] = people.named(who) if who != "nobody" else people.bob
    actions = {name: ("POST", path_for(pupils[name]), None) for name in pupils}
    assert await tried(actor, actions, may) == may


async def test_an_owner_in_the_same_private_channels_may(people: Cast, services: Services) -> None:
    pupil = await enrolled(people, services)
    await is_in_a_private_channel(people, services, pupil)
    await people.ann.post(path_for(pupil), status=403)
    listed = await people.ann.get(f"/api/groups/{people.group['id']}/channels")
    (secret,) = [one["id"] for one in listed["channels"] if one["kind"] == "private"]
    await people.ann.put(f"/api/channels/{secret}/members/{people.ann.id}", None, 204)
    await people.ann.post(path_for(pupil))


async def owner_is_none_any_more(people: Cast, _: Services, __: Person) -> None:
    await make_role(people.ann, people.group["id"], people.mia, Role.OWNER)
    await make_role(people.mia, people.group["id"], people.ann, Role.MEMBER)


async def owner_is_disabled(people: Cast, _: Services, __: Person) -> None:
    await people.root.patch(f"/api/users/{people.ann.id}", {"active": False})


async def group_is_deleted(people: Cast, _: Services, __: Person) -> None:
    await people.ann.delete(f"/api/groups/{people.group['id']}")


AFTERWARDS: dict[str, Change] = {
    **BEYOND,
    "owner is none": owner_is_none_any_more,
    "owner is disabled": owner_is_disabled,
    "no group": group_is_deleted,
}


@pytest.mark.parametrize("change", AFTERWARDS.values(), ids=AFTERWARDS)
async def test_a_link_of_an_owner_is_judged_again_when_it_is_used(
    people: Cast, services: Services, visitor: Visitor, change: Change
) -> None:
    pupil = await enrolled(people, services)
    token = await token_for(people.ann, pupil)
    assert (await visitor.post("/api/account-links", {"token": token}, 200))["username"] == "zoe"
    await change(people, services, pupil)
    for method, path in (("POST", "/api/account-links"), ("PUT", "/api/password-resets")):
        body = {"token": token} | ({"password": NEW} if method == "PUT" else {})
        refused = problem(await visitor.ask(method, path, body), 400, "invalid")
        assert refused["fields"].keys() == {"token"}


async def test_a_link_of_an_administrator_ends_with_her_role(
    people: Cast, visitor: Visitor
) -> None:
    await people.root.patch(f"/api/users/{people.ann.id}", {"role": "admin"})
    token = await token_for(people.root, people.bob)
    await people.ann.patch(f"/api/users/{people.root.id}", {"role": "member"})
    answer = await visitor.ask("PUT", "/api/password-resets", {"token": token, "password": NEW})
    problem(answer, 400, "invalid")


async def test_a_link_of_an_administrator_ends_with_her_account(
    people: Cast, services: Services, visitor: Visitor
) -> None:
    for person in (people.ann, people.eve):
        await people.root.patch(f"/api/users/{person.id}", {"role": "admin"})
    token = await token_for(people.eve, people.root)
    await people.ann.delete(f"/api/users/{people.eve.id}")
    await purged(services)
    body = {"token": token, "password": NEW}
    problem(await visitor.ask("PUT", "/api/password-resets", body), 400, "invalid")


async def test_it_takes_a_password_that_was_given_lately(people: Cast, services: Services) -> None:
    long_ago = now() - CONFIRMATION_LASTS
    async with services.database.write() as db:
        await db.run(update(Sessions).values(confirmed_at=long_ago))
    problem(await people.root.ask("POST", path_for(people.bob)), 403, "password_needed")
    problem(await people.eve.ask("POST", path_for(people.eve)), 403, "not_allowed_to_reset")
    await people.root.post("/api/sessions/current/confirmation", {"password": PASSWORD}, 204)
    await people.root.post(path_for(people.bob))


async def test_the_person_is_told_at_once_and_the_records_keep_who_it_was(
    people: Cast, services: Services, url: str
) -> None:
    pupil = await enrolled(people, services)
    group_id = people.group["id"]
    async with LiveClient(url, pupil.token) as live:
        await live.hello()
        subscribed = await live.follow(f"user:{pupil.id}")
        made = await people.ann.post(path_for(pupil))
        told = await live.event(f"user:{pupil.id}", subscribed["seq"] + 1)
    assert (told["kind"], told["by"]) == ("link.made", people.ann.id)
    assert told["data"] == {
        "purpose": "reset",
        "by_id": people.ann.id,
        "group_id": group_id,
        "expires_at": made["expires_at"],
    }
    async with services.database.read() as db:
        acts = [
            (act.kind, act.group_id, act.by_id, act.via, act.person_id)
            for act in await db.all(select(*Acts.__table__.c).where(Acts.kind == "link.made"))
        ]
    assert sorted(acts, key=str) == [
        ("link.made", group_id, people.ann.id, "request", pupil.id),
        ("link.made", None, people.ann.id, "request", pupil.id),
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both
async def test_who_has_confirmed_an_address_is_told_by_mail_without_the_link(
    people: Cast, services: Services
) -> None:
    await set_user(services, people.bob, email="bob@example.org", email_confirmed=True)
    await set_user(services, people.mia, email="mia@example.org")
    async with mail.mail_server() as server:
        services.outbox = mail.outbox_to(server, "https://class.example.org")
        for person in (people.mia, people.bob):
            await people.root.post(path_for(person))
        got = await server.mail()
        await services.outbox.close()
        assert server.is_empty
    assert got.recipients == ["bob@example.org"]
    for kind in ("plain", "html"):
        assert "bob" in got.part(kind)
        assert "token" not in got.part(kind)


async def test_answers_with_a_link_are_kept_nowhere(people: Cast, services: Services) -> None:
    keyed = await people.root.ask("POST", path_for(people.bob), Idempotency_Key="once")
    assert problem(keyed, 400, "invalid")["fields"].keys() == {"Idempotency-Key"}
    answer = await people.root.ask("POST", path_for(people.bob), Host="evil.example")
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.body["link"].removeprefix("/reset#token=")
    async with services.database.read() as db:
        kept: Any = await db.all(select(AccountLinks.token_sha256))
        acts = [act.details for act in await db.all(select(Acts.details))]
    assert token not in str(kept) + str(acts)


@pytest.mark.parametrize("changed_settings", [{"public_url": "https://class.example.org"}])
async def test_a_link_begins_with_the_public_address_whatever_host_is_asked(people: Cast) -> None:
    for name in ("Host", "X_Forwarded_Host"):
        made = await people.root.post(path_for(people.bob), None, 201, **{name: "evil.example"})
        assert made["link"].startswith("https://class.example.org/reset#token=")
