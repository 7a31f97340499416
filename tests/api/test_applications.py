"""Applications: with a code that takes approval people wait until a moderator lets them in."""

import asyncio

import pytest
from quart import Quart

from api.context import Services
from model.application import withdraw_application
from model.removal import delete_account
from model.session import find_caller
from model.user import find_account
from tests.api.browser import browser, problem
from tests.api.company import Company
from tests.api.test_acts import log_of
from tests.api.test_paging import walk_both_ways
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD

WHILE_OTHERS_WAIT_S = 0.4
APPLICATION = "/api/groups/{group_id}/applications/{applicant_id}"
EXAMPLES = (
    Example(f"PUT {APPLICATION}", by=("ann", "mia"), often=0, settles=True),
    Example(f"DELETE {APPLICATION}", by=("ann", "mia"), often=0),
    Example("DELETE /api/me/applications/{awaited_group_id}", by=("guest",), often=0),
)


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


async def test_who_waits_is_let_in_or_not_and_is_told_live(
    company: Company, people: Cast, url: str
) -> None:
    group_id, waiting = people.group["id"], f"{company.group}/applications"
    path = f"{company.group}/join-code"
    code = await people.ann.post(path, {"admission": "approval", "max_uses": 3})
    listed = await people.mia.get(waiting)
    assert listed["applications"] == []
    async with LiveClient(url, people.eve.token) as eve, LiveClient(url, people.mia.token) as mia:
        await mia.hello(listed["live"])
        await eve.follow(f"user:{people.eve.id}")
        for _ in range(2):  # who waits already uses nothing up
            answer = await people.eve.ask(
                "POST", "/api/memberships", {"join_code": code["join_code"]}
            )
            assert answer.status == 202
            assert answer.body == {
                "status": "waiting",
                "group": {"id": group_id, "name": people.group["name"]},
            }
        made = await mia.until(lambda m: m.get("kind") == "application.made")
        applications = (await people.mia.get(waiting))["applications"]
        assert applications == [made["data"]]
        assert (applications[0]["id"], applications[0]["username"]) == (people.eve.id, "eve")
        assert (await people.ann.get(path))["uses"] == 1
        own = await eve.until(lambda m: m.get("kind") == "application.made")
        assert (await people.eve.get("/api/me/applications"))["applications"] == [own["data"]]
        await people.mia.delete(f"{waiting}/{people.eve.id}")
        refused = await eve.until(lambda m: m.get("kind") == "application.refused")
        assert refused["data"] == {"group_id": group_id}
        await people.eve.get(company.group, status=404)
        await company.wait(people.eve)
        member = await people.ann.put(f"{waiting}/{people.eve.id}", status=201)
        assert (member["id"], member["role"]) == (people.eve.id, "member")
        accepted = await eve.until(lambda m: m.get("kind") == "application.accepted")
        added = await eve.until(lambda m: m.get("kind") == "membership.added")
        assert added["seq"] == accepted["seq"] + 1
        assert added["data"] == await people.eve.get(company.group)
    for whose in (waiting, "/api/me/applications"):
        who = people.eve if "/me/" in whose else people.mia
        assert (await who.get(whose))["applications"] == []


async def test_an_account_that_is_made_with_such_a_code_waits(
    app: Quart, company: Company, people: Cast
) -> None:
    code = await people.ann.post(f"{company.group}/join-code", {"admission": "approval"})
    zoe = browser(app)
    form = {"username": "zoe", "name": "Zoe", "password": PASSWORD, "join_code": code["join_code"]}
    made = await zoe.post("/api/users", form)
    (application,) = (await zoe.get("/api/me/applications"))["applications"]
    assert application["group"] == {"id": people.group["id"], "name": people.group["name"]}
    await zoe.get(company.group, status=404)
    await people.mia.put(f"{company.group}/applications/{made['id']}", status=201)
    assert (await zoe.get(company.group))["role"] == "member"


async def test_what_was_asked_again_with_its_key_waits_once(company: Company, people: Cast) -> None:
    path = f"{company.group}/join-code"
    code = await people.ann.post(path, {"admission": "approval", "max_uses": 1})
    body = {"join_code": code["join_code"]}
    for replayed in (None, "true"):
        answer = await people.eve.ask("POST", "/api/memberships", body, Idempotency_Key="once")
        assert (answer.status, answer.body["status"]) == (202, "waiting")
        assert answer.headers.get("Idempotency-Replayed") == replayed
        assert "Location" not in answer.headers
    assert (await people.ann.get(path))["uses"] == 1


async def test_who_has_changed_her_mind_waits_no_longer(company: Company, people: Cast) -> None:
    pat = await company.waiting("pat")
    own = f"/api/me/applications/{people.group['id']}"
    await pat.delete(own)
    problem(await pat.ask("DELETE", own), 404, "not_found")
    answer = await people.ann.ask("PUT", f"{company.group}/applications/{pat.id}")
    problem(answer, 404, "not_found")
    log = await log_of(people.mia, f"moderation:{people.group['id']}")
    assert (log[-1]["kind"], log[-1]["data"]) == ("application.withdrawn", {"id": pat.id})


async def test_a_code_that_lets_in_at_once_ends_the_waiting(company: Company, people: Cast) -> None:
    pat = await company.waiting("pat")
    await company.come(pat)
    assert (await people.ann.get(f"{company.group}/applications"))["applications"] == []
    await company.wait(pat, status=409)


async def test_who_waits_is_shown_as_she_is_called_now(company: Company, people: Cast) -> None:
    pat = await company.waiting("pat")
    await pat.patch("/api/me", {"name": "Patricia"})
    log = await log_of(people.mia, f"moderation:{people.group['id']}")
    assert (log[-1]["kind"], log[-1]["data"]["name"]) == ("person.changed", "Patricia")
    (listed,) = (await people.mia.get(f"{company.group}/applications"))["applications"]
    assert listed["name"] == "Patricia"
    await pat.delete("/api/me")
    assert (await people.mia.get(f"{company.group}/applications"))["applications"] == []
    assert "Patricia" not in str(await people.mia.get(f"{company.group}/applications"))


async def test_who_waits_for_a_group_that_goes_is_told(company: Company, people: Cast) -> None:
    pat = await company.waiting("pat")
    await people.ann.delete(company.group)
    assert (await pat.get("/api/me/applications"))["applications"] == []
    assert (await log_of(pat, f"user:{pat.id}"))[-1]["kind"] == "application.refused"


async def test_of_two_moderators_who_settle_it_at_once_one_is_too_late(
    company: Company, people: Cast
) -> None:
    pat = await company.stranger("pat")
    path = f"{company.group}/applications/{pat.id}"
    for _ in range(3):
        await company.wait(pat)
        accepted, refused = await asyncio.gather(
            people.ann.ask("PUT", path), people.mia.ask("DELETE", path)
        )
        assert sorted([accepted.status, refused.status]) in ([201, 404], [204, 404])
        assert (pat.id in await company.member_ids()) is (accepted.status == 201)
        if accepted.status == 201:
            await pat.delete(f"{company.group}/members/{pat.id}")
    await company.wait(pat)
    answers = await asyncio.gather(people.ann.ask("PUT", path), people.mia.ask("PUT", path))
    assert sorted(answer.status for answer in answers) == [201, 404]


@pytest.mark.parametrize("how", ["withdraws", "deletes"])
async def test_who_does_not_want_in_any_more_is_not_let_in_at_that_moment(
    company: Company, people: Cast, services: Services, how: str
) -> None:
    await company.wait(people.eve)
    group_id = people.group["id"]
    async with services.database.write() as db:
        eve = await find_caller(db, people.eve.token)
        assert eve
        if how == "withdraws":
            await withdraw_application(db, group_id, by=eve)
        else:
            await delete_account(db, await find_account(db, eve.id), by=eve)
        path = f"{company.group}/applications/{eve.id}"
        asked = asyncio.create_task(people.mia.ask("PUT", path))
        done, _ = await asyncio.wait({asked}, timeout=WHILE_OTHERS_WAIT_S)
        assert not done, "it waits for who was quicker"
    problem(await asked, 404, "not_found")
    assert people.eve.id not in await company.member_ids()


async def test_the_lists_of_who_waits_are_paged(company: Company, people: Cast) -> None:
    path = f"{company.group}/applications"
    for number in range(8):
        await company.waiting(f"guest{number}")
    await walk_both_ways(people.mia, path, 8, newest_first=False)
    for number in range(3):
        group = await people.ann.post("/api/groups", {"name": f"group {number}"})
        made = f"/api/groups/{group['id']}/join-code"
        code = await people.ann.post(made, {"admission": "approval"})
        await people.eve.post("/api/memberships", {"join_code": code["join_code"]}, status=202)
    first = await people.eve.get("/api/me/applications?limit=2")
    second = await people.eve.get(f"/api/me/applications?limit=2&after={first['next']}")
    names = [one["group"]["name"] for one in first["applications"] + second["applications"]]
    assert (names, second["next"]) == (["group 0", "group 1", "group 2"], None)
