"""Bans: who is kept out of a group does not come back, by whatever code."""

import asyncio

import pytest
from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.test_acts import log_of, record_of, short
from tests.api.test_paging import walk_both_ways
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example

BAN = "/api/groups/{group_id}/bans/{newcomer_id}"
EXAMPLES = (
    Example(f"PUT {BAN}", {"new_code": True}, by=("ann", "mia"), often=0),
    Example(f"DELETE {BAN}", by=("ann", "mia"), often=0),
)


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


async def test_who_is_banned_comes_back_by_no_code(company: Company, people: Cast) -> None:
    bans = f"{company.group}/bans"
    await people.mia.put(f"{bans}/{people.bob.id}", {}, status=204)
    await people.bob.get(company.group, status=404)
    (banned,) = (await people.mia.get(bans))["bans"]
    assert (banned["id"], banned["name"], banned["username"]) == (people.bob.id, "Bob", "bob")
    for admission in ("code", "approval"):
        path = f"{company.group}/join-code"
        code = await people.ann.post(path, {"admission": admission})
        body = {"join_code": code["join_code"]}
        answer = await people.bob.ask("POST", "/api/memberships", body)
        problem(answer, 403, "banned")
        assert (await people.ann.get(path))["uses"] == 0
    await people.mia.put(f"{bans}/{people.bob.id}", {}, status=204)
    await people.ann.delete(f"{bans}/{people.bob.id}")
    problem(await people.ann.ask("DELETE", f"{bans}/{people.bob.id}"), 404, "not_found")
    assert (await people.mia.get(bans))["bans"] == []
    await company.come(people.bob)
    acts = [act for act in (await people.ann.get(record_of(people)))["acts"] if act["person_id"]]
    assert short(acts[:2]) == [
        ("member.unbanned", people.bob.id, None),
        ("member.banned", people.bob.id, None),
    ]
    assert acts[1]["details"] == {"was_member": True}


async def test_banning_removes_closes_the_application_and_changes_the_code_at_once(
    company: Company, people: Cast, url: str
) -> None:
    pat = await company.waiting("pat")
    rules = {"expires_in_days": 3, "max_uses": 9, "admission": "approval"}
    before = await people.ann.post(f"{company.group}/join-code", rules)
    async with LiveClient(url, people.bob.token) as bob:
        await bob.follow(f"group:{people.group['id']}")
        for banned in (pat, people.bob):
            path = f"{company.group}/bans/{banned.id}"
            await people.ann.put(path, {"new_code": banned is people.bob}, status=204)
        assert (await bob.until(lambda m: m["type"] == "revoked"))["reason"] == "removed"
    assert (await people.ann.get(f"{company.group}/applications"))["applications"] == []
    assert (await pat.get("/api/me/applications"))["applications"] == []
    assert (await log_of(pat, f"user:{pat.id}"))[-1]["kind"] == "application.refused"
    after = await people.ann.get(f"{company.group}/join-code")
    assert after == {**before, "join_code": after["join_code"]}
    assert after["join_code"] != before["join_code"]
    old = {"join_code": before["join_code"]}
    await people.eve.post("/api/memberships", old, status=400)
    await people.ann.delete(f"{company.group}/join-code")
    await people.ann.put(f"{company.group}/bans/{pat.id}", {"new_code": True}, status=204)
    await people.ann.get(f"{company.group}/join-code", status=404)


async def test_only_who_is_known_in_the_group_can_be_banned(company: Company, people: Cast) -> None:
    """Else the answers would tell which accounts there are, and who writes where."""
    bans = f"{company.group}/bans"
    wrote, removed, left, secret = [
        await company.member(name) for name in ("wrote", "removed", "left", "secret")
    ]
    path = f"{company.group}/channels"
    private = await people.mia.post(path, {"name": "private", "kind": "private"})
    await people.mia.put(f"/api/channels/{private['id']}/members/{secret.id}", status=204)
    await secret.post(f"/api/channels/{private['id']}/posts", {"text": "unseen"})
    await wrote.post(people.posts, {"text": "seen"})
    await people.ann.delete(f"{company.group}/members/{removed.id}")
    for who in (wrote, left, secret):
        await who.delete(f"{company.group}/members/{who.id}")
    unknown = (people.eve.id, people.root.id, left.id, secret.id, 10**9)
    answers = [await people.ann.ask("PUT", f"{bans}/{user_id}", {}) for user_id in unknown]
    assert [answer.status for answer in answers] == [404] * 5
    assert len({answer.body["detail"] for answer in answers}) == 1
    for who in (wrote, removed):
        await people.ann.put(f"{bans}/{who.id}", {}, status=204)
    await people.mia.put(f"{bans}/{secret.id}", {}, status=204)
    banned = (await people.ann.get(bans))["bans"]
    assert [one["id"] for one in banned] == sorted(one.id for one in (wrote, removed, secret))


async def test_who_is_banned_is_shown_as_she_is_called_now_and_goes_with_her_account(
    company: Company, people: Cast
) -> None:
    bans = f"{company.group}/bans"
    await people.ann.put(f"{bans}/{people.bob.id}", {}, status=204)
    await people.bob.patch("/api/me", {"name": "Robert"})
    log = await log_of(people.mia, f"moderation:{people.group['id']}")
    assert (log[-1]["kind"], log[-1]["data"]["name"]) == ("person.changed", "Robert")
    assert (await people.mia.get(bans))["bans"][0]["name"] == "Robert"
    await people.bob.delete("/api/me")
    assert (await people.mia.get(bans))["bans"] == []
    told = (
        await people.mia.get(
            f"/api/topics/moderation:{people.group['id']}/events?after={log[-1]['seq']}"
        )
    )["events"]
    assert [(event["kind"], event["data"]) for event in told] == [
        ("member.anonymised", {"id": people.bob.id})
    ]


async def test_who_is_banned_while_she_is_let_in_is_out(company: Company, people: Cast) -> None:
    pat = await company.stranger("pat")
    ban = f"{company.group}/bans/{pat.id}"
    for _ in range(4):
        await company.wait(pat)
        code = await people.ann.post(f"{company.group}/join-code", {})
        body = {"join_code": code["join_code"]}
        banned, accepted, came = await asyncio.gather(
            people.ann.ask("PUT", ban, {"new_code": True}),
            people.mia.ask("PUT", f"{company.group}/applications/{pat.id}"),
            pat.ask("POST", "/api/memberships", body),
        )
        assert banned.status == 204
        assert accepted.status in {201, 404}
        assert came.status in {201, 400, 403, 409}
        assert pat.id not in await company.member_ids()
        assert (await people.ann.get(f"{company.group}/applications"))["applications"] == []
        await people.ann.delete(ban)


async def test_of_those_who_ban_remove_and_promote_somebody_at_once_all_are_heard_in_order(
    company: Company, people: Cast
) -> None:
    """A moderator bans, an owner removes or promotes: whatever comes first, she is out or in."""
    bob = f"{company.group}/members/{people.bob.id}"
    for act in (("DELETE", bob, None), ("PUT", bob, {"role": "moderator"})):
        for _ in range(3):
            banned, other = await asyncio.gather(
                people.mia.ask("PUT", f"{company.group}/bans/{people.bob.id}", {}),
                people.ann.ask(*act),
            )
            assert banned.status in ({204} if act[0] == "DELETE" else {204, 403})
            assert other.status in {200, 204, 404}
            is_in = people.bob.id in await company.member_ids()
            assert is_in is (banned.status == 403), "who became a moderator first is not outranked"
            await people.ann.ask("DELETE", f"{company.group}/bans/{people.bob.id}")
            if not is_in:
                await company.come(people.bob)
            await people.ann.put(bob, {"role": "member"})


async def test_two_moderators_who_ban_the_same_person_make_one_act(
    company: Company, people: Cast
) -> None:
    path = f"{company.group}/bans/{people.bob.id}"
    answers = await asyncio.gather(*(who.ask("PUT", path, {}) for who in (people.ann, people.mia)))
    assert [answer.status for answer in answers] == [204, 204]
    acts = (await people.ann.get(record_of(people)))["acts"]
    assert [act["kind"] for act in acts].count("member.banned") == 1


async def test_the_list_of_bans_is_paged(company: Company, people: Cast) -> None:
    for number in range(8):
        guest = await company.waiting(f"guest{number}")
        await people.mia.put(f"{company.group}/bans/{guest.id}", {}, status=204)
    await walk_both_ways(people.mia, f"{company.group}/bans", 8, newest_first=False)
