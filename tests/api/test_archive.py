"""An archived group: all of it can be read, and nothing is written; moderating remains."""

import asyncio
import re

import pytest
from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.test_acts import record_of
from tests.api.test_mutes import writes
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import ask, example_of
from tests.support.world import World

REMAINS = {  # all else that changes something in a group is refused
    "DELETE /api/groups/{}",
    "DELETE /api/groups/{}/join-code",
    "DELETE /api/groups/{}/applications/{}",
    "PUT /api/groups/{}/bans/{}",
    "DELETE /api/groups/{}/bans/{}",
    "PUT /api/groups/{}/members/{}",
    "DELETE /api/groups/{}/members/{}",
    "PUT /api/groups/{}/members/{}/mute",
    "DELETE /api/groups/{}/members/{}/mute",
    "DELETE /api/channels/{}",
    "DELETE /api/channels/{}/members/{}",
    "PUT /api/channels/{}/read-mark",
    "POST /api/groups/{}/exports",
    "POST /api/groups/{}/roster/{}/link",
    "POST /api/posts/{}/reports",
    "DELETE /api/posts/{}",
    "DELETE /api/scores/{}",
    "DELETE /api/channels/{}/documents/{}",
}


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


async def test_what_is_written_is_refused_and_what_moderates_remains(
    app: Quart, services: Services, people: Cast
) -> None:
    world = World(app, services, people)
    answers = {}
    for operation in writes(app):
        example = example_of(operation)
        assert example, operation
        who = await world.person(example.by[0])
        request = await world.request(example, who)
        named = re.match("/api/groups/[0-9]+", request[1])
        group = named[0] if named else f"/api/groups/{people.group['id']}"
        await people.ann.patch(group, {"archived": True})
        answers[operation] = await ask(who, request)
        if operation != "DELETE /api/groups/{}":
            await people.ann.patch(group, {"archived": False})
    assert {name for name, answer in answers.items() if answer.status < 300} == REMAINS
    refused = {name: answer.body["code"] for name, answer in answers.items() if name not in REMAINS}
    assert refused == dict.fromkeys(refused, "archived")


async def test_an_archived_group_is_read_as_before_and_says_so(
    company: Company, people: Cast, url: str
) -> None:
    post = await people.bob.post(people.posts, {"text": "kept"})
    before = await people.bob.get(people.posts)
    topic = f"group:{people.group['id']}"
    async with LiveClient(url, people.bob.token) as bob:
        await bob.follow(topic)
        archived = await people.ann.patch(company.group, {"archived": True})
        told = await bob.until(lambda m: m.get("kind") == "group.edited")
        assert (told["data"]["archived"], archived["archived"]) == (True, True)
        general = f"channel:{people.channel['id']}"
        for name in (topic, general):  # followed before, and from now on
            if name == general:
                await bob.subscribe(name)
            await bob.send(type="signal", topic=name, name="typing")
            await bob.until(
                lambda m, name=name: m.get("code") == "silenced" and m["topic"] == name  # type: ignore[misc]
            )
    assert await people.bob.get(people.posts) == before
    (listed,) = (await people.bob.get("/api/groups"))["groups"]
    assert listed["archived"] is True
    (channel,) = (await people.bob.get(f"{company.group}/channels"))["channels"]
    assert channel["writable"] is False
    answer = await people.bob.ask("PATCH", f"/api/posts/{post['id']}", {"text": "changed"})
    problem(answer, 403, "archived")
    await people.ann.patch(company.group, {"archived": False, "name": "Class 8"})
    await people.bob.patch(f"/api/posts/{post['id']}", {"text": "changed"})
    acts = [act["kind"] for act in (await people.ann.get(record_of(people)))["acts"]]
    assert acts[:3] == ["group.edited", "group.unarchived", "group.archived"]


async def test_nobody_comes_into_an_archived_group(company: Company, people: Cast) -> None:
    code = await people.ann.post(f"{company.group}/join-code", {})
    pat = await company.waiting("pat")
    await people.ann.patch(company.group, {"archived": True})
    code = await people.ann.get(f"{company.group}/join-code")
    body = {"join_code": code["join_code"]}
    problem(await people.eve.ask("POST", "/api/memberships", body), 403, "archived")
    accepted = await people.ann.ask("PUT", f"{company.group}/applications/{pat.id}")
    problem(accepted, 403, "archived")


async def test_what_is_written_while_a_group_is_archived_is_there_or_refused(
    company: Company, people: Cast
) -> None:
    written = 0
    for _ in range(3):
        acts = [people.ann.ask("PATCH", company.group, {"archived": True})]
        acts += [who.ask("POST", people.posts, {"text": "x"}) for who in (people.mia, people.bob)]
        acts += [people.mia.ask("POST", f"{company.group}/channels", {"name": "late"})]
        archived, *posts, channel = await asyncio.gather(*acts)
        assert archived.status == 200
        assert {answer.status for answer in (*posts, channel)} <= {201, 403}
        written += sum(answer.status == 201 for answer in posts)
        assert len((await people.bob.get(people.posts))["posts"]) == written
        channels = (await people.bob.get(f"{company.group}/channels?limit=100"))["channels"]
        assert not [one["id"] for one in channels if one["writable"]]
        await people.ann.patch(company.group, {"archived": False})


async def test_archiving_twice_or_changing_nothing_is_no_act(
    company: Company, people: Cast
) -> None:
    await people.ann.patch(company.group, {"archived": True})
    before = (await people.ann.get(record_of(people)))["acts"]
    await people.ann.patch(company.group, {"archived": True})
    await people.ann.patch(company.group, {"name": people.group["name"]})
    problem(await people.ann.ask("PATCH", company.group, {"name": "x"}), 403, "archived")
    assert (await people.ann.get(record_of(people)))["acts"] == before
