"""Mutes: until some time a member reads and writes nothing; leaving does not end it."""

import asyncio
import re
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update

from api.context import Services
from model.database.table import as_of, now
from model.group import MUTE_LASTS_AT_MOST, KeptMutes, Memberships
from model.mute import forget_passed_mutes
from model.user import Users
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.test_acts import record_of, short
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example, ask, example_of, nameless
from tests.support.world import World

TOMORROW = (now() + timedelta(days=1)).isoformat()
MUTE = "/api/groups/{group_id}/members/{newcomer_id}/mute"
EXAMPLES = (
    Example(f"PUT {MUTE}", {"until": TOMORROW}, by=("ann", "mia"), often=0),
    Example(f"DELETE {MUTE}", by=("ann", "mia"), often=0),
)
IN_GROUPS = ("/api/groups/", "/api/channels/", "/api/posts/", "/api/scores/")
OF_WHO_IS_MUTED = {  # all else that a member may do in a group is refused
    "PUT /api/channels/{}/read-mark",
    "DELETE /api/posts/{}",
    "DELETE /api/posts/{}/reactions/{}",
    "DELETE /api/scores/{}",
}


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


def writes(app: Quart) -> list[str]:
    """The operations that change something in groups; those that delete come last."""
    operations = {
        nameless(f"{method} {re.sub(r'<[^>]+>', '{}', rule.rule)}")
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        if rule.rule.startswith(IN_GROUPS)
    }
    return sorted(operations, key=lambda one: (one.startswith("DELETE"), one))


async def test_who_is_muted_writes_nowhere_and_takes_back_what_is_hers(
    app: Quart, services: Services, company: Company, people: Cast
) -> None:
    world = World(app, services, people)
    tried = set()
    for operation in writes(app):
        example = example_of(operation)
        assert example, operation
        if "bob" not in example.by:
            continue
        tried.add(operation)
        request = await world.request(example, people.bob)
        await company.muted(people.bob)
        answer = await ask(people.bob, request)
        if operation in OF_WHO_IS_MUTED:
            assert answer.status < 300, (operation, answer)
        else:
            problem(answer, 403, "muted")
        await people.ann.delete(f"{company.group}/members/{people.bob.id}/mute")
    assert tried > OF_WHO_IS_MUTED
    assert len(tried) > 8


async def test_who_is_muted_reads_leaves_and_keeps_documents_of_her_own(
    company: Company, people: Cast
) -> None:
    await company.muted(people.bob)
    entry = await people.bob.get(company.group)
    assert entry["muted_until"] is not None
    (listed,) = (await people.bob.get("/api/groups"))["groups"]
    assert listed["muted_until"] == entry["muted_until"]
    (channel,) = (await people.bob.get(f"{company.group}/channels"))["channels"]
    assert (channel["readable"], channel["writable"]) == (True, False)
    await people.bob.get(people.posts)
    await people.bob.put("/api/me/documents/dark", {"is": True}, status=201)
    mine = f"/api/channels/{people.channel['id']}/documents/members/{people.bob.id}/notes"
    problem(await people.bob.ask("PUT", mine, {"a": 1}), 403, "muted")
    await people.bob.delete(f"{company.group}/members/{people.bob.id}")


async def test_a_moderator_who_is_muted_writes_on_no_channel_and_moderates_still(
    company: Company, people: Cast
) -> None:
    post = await people.bob.post(people.posts, {"text": "rude"})
    await company.muted(people.mia)
    channel = f"/api/channels/{people.channel['id']}"
    for method, path in (("POST", f"{company.group}/channels"), ("PATCH", channel)):
        problem(await people.mia.ask(method, path, {"name": "I am still here"}), 403, "muted")
    (listed,) = (await people.bob.get(f"{company.group}/channels"))["channels"]
    assert listed["name"] == people.channel["name"]
    await people.mia.delete(f"/api/posts/{post['id']}")
    await people.mia.delete(f"{company.group}/members/{people.bob.id}")
    own = f"{company.group}/members/{people.mia.id}/mute"
    problem(await people.mia.ask("DELETE", own), 403, "not_outranked")


async def test_the_person_is_told_and_so_are_the_moderators_but_not_the_group(
    company: Company, people: Cast, url: str
) -> None:
    path = f"{company.group}/members/{people.bob.id}/mute"
    members = await people.bob.get(f"{company.group}/members")
    async with LiveClient(url, people.bob.token) as bob:
        await bob.follow(f"user:{people.bob.id}")
        await people.mia.put(path, {"until": TOMORROW}, status=204)
        told = await bob.until(lambda m: m.get("kind") == "membership.muted")
        assert told["data"]["group_id"] == people.group["id"]
        assert told["data"]["until"][:10] == TOMORROW[:10]
        for _ in range(2):
            await people.ann.delete(path)
        told = await bob.until(lambda m: m.get("data", {}).get("until", 0) is None)
        assert told["kind"] == "membership.muted"
    assert await people.bob.get(f"{company.group}/members") == members
    acts = (await people.ann.get(record_of(people)))["acts"]
    assert short(acts[:2]) == [
        ("member.unmuted", people.bob.id, None),
        ("member.muted", people.bob.id, None),
    ]
    assert acts[1]["details"]["until"][:10] == TOMORROW[:10]
    assert "member.unmuted" not in [act["kind"] for act in acts[1:]], "it changed nothing"


async def test_a_mute_ends_by_itself_and_lasts_a_year_at_most(
    company: Company, services: Services, people: Cast
) -> None:
    path = f"{company.group}/members/{people.bob.id}/mute"
    for days in (-1, 366):
        until = (now() + timedelta(days=days)).isoformat()
        refused = await people.ann.ask("PUT", path, {"until": until})
        assert problem(refused, 400, "invalid")["fields"].keys() == {"until"}
    for wrong in ("tomorrow", "2030-01-01T00:00:00", None):
        refused = await people.ann.ask("PUT", path, {"until": wrong})
        assert problem(refused, 400, "invalid")["fields"].keys() == {"until"}
    await people.ann.put(path, {"until": TOMORROW}, status=204)
    problem(await people.bob.ask("POST", people.posts, {"text": "x"}), 403, "muted")
    async with services.database.write() as db:
        await db.run(update(Memberships), muted_until=now() - timedelta(seconds=1))
    await people.bob.post(people.posts, {"text": "x"})
    assert (await people.bob.get(company.group))["muted_until"] is None


async def test_who_leaves_and_comes_back_is_muted_still(company: Company, people: Cast) -> None:
    member = f"{company.group}/members/{people.bob.id}"
    await company.muted(people.bob)
    await people.bob.delete(member)
    await company.come(people.bob)
    problem(await people.bob.ask("POST", people.posts, {"text": "x"}), 403, "muted")
    await people.mia.delete(member)
    await company.wait(people.bob)
    await people.mia.put(f"{company.group}/applications/{people.bob.id}", status=201)
    assert (await people.bob.get(company.group))["muted_until"] is not None
    await people.mia.put(f"{company.group}/bans/{people.bob.id}", {}, status=204)
    await people.mia.delete(f"{company.group}/bans/{people.bob.id}")
    await company.come(people.bob)
    problem(await people.bob.ask("POST", people.posts, {"text": "x"}), 403, "muted")
    await people.mia.delete(f"{member}/mute")
    await people.bob.delete(member)
    await company.come(people.bob)
    await people.bob.post(people.posts, {"text": "x"})


async def test_of_who_has_left_a_mute_is_forgotten_when_it_is_over(
    company: Company, people: Cast, services: Services
) -> None:
    await company.muted(people.bob)
    await people.bob.delete(f"{company.group}/members/{people.bob.id}")
    kept = []
    for moment in (now(), now() + MUTE_LASTS_AT_MOST):
        with as_of(moment):
            async with services.database.write() as db:
                await forget_passed_mutes(db)
                kept.append(await db.scalar_one(select(func.count(KeptMutes.user_id))))
    assert kept == [1, 0]


async def test_who_becomes_an_owner_is_not_muted_any_more(company: Company, people: Cast) -> None:
    """Nobody outranks her, so nobody could let her write again."""
    member = f"{company.group}/members/{people.bob.id}"
    await company.muted(people.bob)
    await people.ann.put(member, {"role": "moderator"})
    problem(await people.bob.ask("POST", people.posts, {"text": "x"}), 403, "muted")
    await people.ann.put(member, {"role": "owner"})
    await people.bob.post(people.posts, {"text": "x"})
    await people.ann.put(member, {"role": "member"})
    await people.bob.post(people.posts, {"text": "x"})


def kinds(live: LiveClient) -> list[str]:
    return [message["type"] for message in live.messages]


async def test_who_is_muted_signals_nothing_from_that_moment_on(
    company: Company, people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        await ann.follow(topic)
        await bob.hello()
        for muted_before in (False, True):
            await bob.subscribe(topic)
            if not muted_before:
                await bob.send(type="signal", topic=topic, name="typing", data="heard")
                await ann.until(lambda m: m.get("data") == "heard")
                await bob.subscribe(f"user:{people.bob.id}")
                await company.muted(people.bob)
                await bob.until(lambda m: m.get("kind") == "membership.muted")
            await bob.send(type="signal", topic=topic, name="typing", data="unheard")
            await bob.send(type="ping")
            pongs = 1 + muted_before
            await bob.until(lambda _, n=pongs: kinds(bob).count("pong") == n)  # type: ignore[misc]
            assert [m.get("code") for m in bob.messages].count("silenced") == pongs
        await people.ann.delete(f"{company.group}/members/{people.bob.id}/mute")
        ended = {"group_id": people.group["id"], "until": None}
        await bob.until(lambda m: m.get("data") == ended)
        await bob.send(type="signal", topic=topic, name="typing", data="heard again")
        await ann.until(lambda m: m.get("data") == "heard again")
        assert "unheard" not in [m.get("data") for m in ann.messages]


async def seen_today(services: Services) -> int:
    async with services.database.read() as db:
        return await db.scalar_one(select(func.count()).where(Users.last_seen_on.is_not(None)))


async def test_moderators_see_beside_the_members_who_is_muted_and_was_here_when(
    company: Company, services: Services, people: Cast
) -> None:
    path = f"{company.group}/members"
    for person in (people.ann, people.mia, people.bob):
        await person.get("/api/me")
    async with asyncio.timeout(10):
        while await seen_today(services) < len((people.ann, people.mia, people.bob)):
            await asyncio.sleep(0.02)
    before = await people.mia.ask("GET", path)
    first, plain = await people.mia.get(f"{path}?limit=2"), await people.bob.ask("GET", path)
    assert [one["id"] for one in first["moderated"]] == [one["id"] for one in first["members"]]
    assert "moderated" not in plain.body
    assert {**before.body, "moderated": 0} == {**plain.body, "moderated": 0}
    seen = {one["id"]: one["last_seen_on"] for one in before.body["moderated"]}
    assert seen[people.bob.id] == now().date().isoformat()
    await company.muted(people.bob)
    tags = {"If_None_Match": before.headers["ETag"]}
    after = await people.ann.ask("GET", path, **tags)
    muted = {one["id"]: one["muted_until"] for one in after.body["moderated"]}
    assert [user_id for user_id, until in muted.items() if until] == [people.bob.id]
    again = await people.ann.ask("GET", path, If_None_Match=after.headers["ETag"])
    assert again.status == 304
    still = await people.bob.ask("GET", path, If_None_Match=plain.headers["ETag"])
    assert still.status == 304, "members are not told by it that somebody is muted"
