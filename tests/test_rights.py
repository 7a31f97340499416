"""The rights of those who run a class or the server: what no file of a single resource asks.

Who belongs to no group sees nothing of it: tests/test_outsiders.py. Which requests are acts:
tests/test_record.py.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import select, text, update

from api.context import Services
from model.account_link import Purpose, make_link
from model.act import Acts
from model.database.row import AnyRow
from model.database.table import now
from model.password_reset import make_reset_link
from model.schema import Schema
from model.session import CONFIRMATION_LASTS, Sessions
from model.user import find_account
from tests.api.browser import browser, problem
from tests.api.company import Company
from tests.api.tables import Action, Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.purging import purged
from tests.support.roster import enrolled, set_user

NEW = "another horse battery"
AUDIT = "/api/admin/acts?limit=100"
_ACTS = select(*Acts.__table__.columns).order_by(Acts.id)


async def acts(services: Services) -> Sequence[AnyRow]:
    async with services.database.read() as db:
        return await db.all(_ACTS)


@rows("""
         list  log
nobody   401   401
eve      404   404
left     404   404
banned   404   404
muted    403   404
bob      403   404
mia      200   200
ann      200   200
root     404   404
""")
async def test_the_record_of_a_group_is_readable_by_its_owners_and_moderators_alone(
    app: Quart, services: Services, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    company = Company(app, services, people)
    actor = await company.actor(who, visitor)
    topic = f"moderation:{people.group['id']}"
    actions: dict[str, Action] = {
        "list": ("GET", f"{company.group}/acts", None),
        "log": ("GET", f"/api/topics/{topic}/events", None),
    }
    assert await tried(actor, actions, may) == may


RANKS = {"member": "member", "mod": "moderator", "owner": "owner"}


@rows("""
      mute-member  mute-mod  mute-owner  mute-self  ban-member  ban-mod  ban-owner  ban-self
bob   403          403       403         403        403         403      403        403
mia   204          403       403         403        204         403      403        403
ann   204          204       403         403        204         204      403        403
""")
async def test_nobody_is_muted_or_banned_but_by_a_higher_role(
    app: Quart, services: Services, people: Cast, who: str, may: Statuses
) -> None:
    company, actor = Company(app, services, people), people.named(who)
    whom = {name: (await company.member(f"the-{name}", role)).id for name, role in RANKS.items()}
    whom["self"] = actor.id
    until = (now() + timedelta(hours=1)).isoformat()
    actions: dict[str, Action] = {}
    for name, user_id in whom.items():
        mute = f"{company.group}/members/{user_id}/mute"
        actions[f"mute-{name}"] = ("PUT", mute, {"until": until})
        actions[f"ban-{name}"] = ("PUT", f"{company.group}/bans/{user_id}", {})
    assert await tried(actor, actions, may) == may
    here = await company.member_ids()
    gone = {name for name, user_id in whom.items() if user_id not in here}
    assert gone == {name for name in whom if may[f"ban-{name}"] == 204}


async def test_an_act_of_a_command_is_by_nobody_and_announced_like_any_other(
    services: Services, people: Cast
) -> None:
    async with services.database.write("command") as db:
        await make_reset_link(db, await find_account(db, people.bob.id), by=None)
    (act, *_) = (await people.root.get(AUDIT))["acts"]
    assert (act["kind"], act["via"], act["by_id"]) == ("link.made", "command", None)
    *_, event = (await people.root.get("/api/topics/admin/events"))["events"]
    assert (event["kind"], event["by"], event["data"]) == ("link.made", None, act)


async def test_what_fails_leaves_no_act(services: Services, people: Cast) -> None:
    before = await acts(services)
    told = await people.root.get("/api/topics/admin/events")
    problem(await people.root.ask("DELETE", f"/api/users/{people.ann.id}"), 409, "last_owner")
    assert await acts(services) == before
    assert await people.root.get("/api/topics/admin/events") == told


@asynccontextmanager
async def without_acts(services: Services) -> AsyncIterator[None]:
    async with services.database.write() as db:
        await db.run(text("ALTER TABLE acts RENAME TO acts_away"))
    yield
    async with services.database.write() as db:
        await db.run(text("ALTER TABLE acts_away RENAME TO acts"))


@pytest.mark.own_database
async def test_what_cannot_be_written_down_is_not_done(services: Services, people: Cast) -> None:
    group, bob = f"/api/groups/{people.group['id']}", people.bob.id
    post = await people.bob.post(people.posts, {"text": "still there"})
    until = (now() + timedelta(hours=1)).isoformat()
    async with without_acts(services):
        for who, *request in (
            (people.ann, "PUT", f"{group}/members/{bob}", {"role": "moderator"}),
            (people.ann, "PATCH", group, {"archived": True}),
            (people.mia, "PUT", f"{group}/bans/{bob}", {}),
            (people.mia, "PUT", f"{group}/members/{bob}/mute", {"until": until}),
            (people.mia, "DELETE", f"/api/posts/{post['id']}", None),
            (people.root, "PATCH", f"/api/users/{bob}", {"active": False}),
            (people.root, "DELETE", f"/api/users/{bob}", None),
        ):
            assert (await who.ask(*request)).status >= 500, request
    entry = await people.bob.get(group)
    assert (entry["role"], entry["archived"], entry["muted_until"]) == ("member", False, None)
    assert (await people.bob.get(people.posts))["posts"] == [post]


async def test_deleting_an_account_makes_its_acts_anonymous_and_forgets_none_of_them(
    services: Services, people: Cast
) -> None:
    group = f"/api/groups/{people.group['id']}"
    await people.root.patch(f"/api/users/{people.mia.id}", {"role": "admin"})
    await people.mia.delete(f"/api/users/{people.bob.id}/sessions")
    await people.mia.put(f"{group}/bans/{people.bob.id}", {}, status=204)
    before = await acts(services)
    gone = {people.mia.id, people.bob.id}
    for user_id in gone:
        await people.root.delete(f"/api/users/{user_id}")
    await purged(services)
    after = await acts(services)
    assert [(act.id, act.kind, act.at, act.details) for act in after[: len(before)]] == [
        (act.id, act.kind, act.at, act.details) for act in before
    ]
    assert not {named for act in after for named in (act.by_id, act.person_id)} & gone


async def test_either_an_address_is_confirmed_or_an_owner_gets_at_the_account(
    app: Quart, people: Cast, services: Services
) -> None:
    for n in range(5):
        pupil = await enrolled(people, services, f"pupil{n}")
        await set_user(services, pupil, email="pupil@example.org")
        async with services.database.write() as db:
            lasts = timedelta(hours=1)
            mailed = await make_link(db, pupil.id, Purpose.EMAIL, lasts, email="pupil@example.org")
        made = await people.ann.post(f"/api/users/{pupil.id}/reset-links")
        token = made["link"].partition("#token=")[2]
        answers = await asyncio.gather(
            browser(app).ask("PUT", "/api/email-confirmations", {"token": mailed.token}),
            browser(app).ask("PUT", "/api/password-resets", {"token": token, "password": NEW}),
        )
        assert sorted(answer.status < 300 for answer in answers) == [False, True], answers


async def test_an_owner_gets_at_no_account_that_an_administrator_allows_to_enrol(
    people: Cast, services: Services
) -> None:
    pupil = await enrolled(people, services)
    await people.root.patch(f"/api/users/{pupil.id}", {"may_enrol": True})
    answer = await people.ann.ask("POST", f"/api/users/{pupil.id}/reset-links")
    problem(answer, 403, "not_allowed_to_reset")


def dangerous(people: Cast) -> dict[str, tuple[Any, Action]]:
    user, group = f"/api/users/{people.bob.id}", f"/api/admin/groups/{people.group['id']}"
    root, bob = people.root, people.bob
    return {
        "role": (root, ("PATCH", user, {"role": "admin"})),
        "disabling": (root, ("PATCH", user, {"active": False})),
        "rosters": (root, ("PATCH", user, {"may_enrol": True})),
        "deleting": (root, ("DELETE", user, None)),
        "link": (root, ("POST", f"{user}/reset-links", None)),
        "adding": (root, ("POST", "/api/admin/users", {"people": [{"name": "Zoe"}]})),
        "archiving": (root, ("PATCH", group, {"archived": True})),
        "owner": (root, ("PUT", f"{group}/owner", {"user_id": people.bob.id})),
        "entering": (root, ("PUT", f"{group}/membership", None)),
        "deleting a group": (root, ("DELETE", group, None)),
        "address": (bob, ("PATCH", "/api/me", {"email": "bob@example.org"})),
        "token": (bob, ("POST", "/api/tokens", {"name": "x", "scope": "read"})),
        "leaving": (bob, ("DELETE", "/api/me", None)),
    }


async def test_some_acts_want_the_password_again_whatever_a_worker_remembers(
    services: Services, people: Cast
) -> None:
    before = await acts(services)
    for who in (people.root, people.bob):
        await who.patch("/api/me", {})  # now she is known, with a password that was just given
    async with services.database.write() as db:
        await db.run(update(Sessions), confirmed_at=now() - CONFIRMATION_LASTS)
    for name, (who, request) in dangerous(people).items():
        for _ in range(2):
            problem(await who.ask(*request), 403, "password_needed")
        with_key = await who.ask(*request, Idempotency_Key=name)
        assert problem(with_key, 400, "invalid")["fields"].keys() == {"Idempotency-Key"}
    assert await acts(services) == before


def test_no_answer_with_a_secret_is_kept_for_a_key(app: Quart) -> None:
    kept = {
        name for name, view in app.view_functions.items() if getattr(view, "is_idempotent", False)
    }
    assert kept == {
        "channels.create", "files.create", "groups.create", "memberships.create", "posts.create",
        "reports.create", "scores.create",
    }  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both
async def test_no_release_that_knows_no_ban_mute_archive_or_scope_runs_beside_this_one(
    services: Services,
) -> None:
    async with services.database.read() as db:
        assert await db.scalar_one(select(Schema.oldest_code)) >= "0012"
