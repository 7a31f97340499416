"""The record of a group: whatever is done there to what is not one's own, for its moderators."""

import json
from typing import Any

import pytest
from quart import Quart

from api.context import Services
from tests.api.company import Company
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Person

Act = tuple[str, int | None, str | None]
"""Its kind, to whom it was done, and to what."""

Thing = dict[str, Any]


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


def record_of(people: Cast) -> str:
    return f"/api/groups/{people.group['id']}/acts?limit=100"


def topic_of(people: Cast) -> str:
    return f"moderation:{people.group['id']}"


async def log_of(who: Person, topic: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await who.get(f"/api/topics/{topic}/events"))["events"]
    return events


def short(acts: list[dict[str, Any]]) -> list[Act]:
    return [(act["kind"], act["person_id"], act["subject"]) for act in acts]


async def test_the_topic_of_moderators_is_followed_by_them_until_they_are_none(
    company: Company, people: Cast, url: str
) -> None:
    members = f"/api/groups/{people.group['id']}/members"
    for name in ("root", "eve", "left", "banned", "muted", "bob", "mia", "ann"):
        who = await company.actor(name, people.eve)
        assert isinstance(who, Person)
        async with LiveClient(url, who.token) as live:
            answer = (await live.follow(topic_of(people)))["type"]
            assert answer == ("subscribed" if name in {"mia", "ann"} else "error"), name
    for act in (("PUT", {"role": "member"}), ("DELETE", None)):
        await people.ann.put(f"{members}/{people.mia.id}", {"role": "moderator"})
        async with LiveClient(url, people.mia.token) as live:
            await live.follow(topic_of(people))
            await people.ann.ask(act[0], f"{members}/{people.mia.id}", act[1])
            revoked = await live.until(lambda m: m["type"] == "revoked")
            assert revoked["topic"] == topic_of(people)
            await people.ann.patch(f"/api/groups/{people.group['id']}", {"name": act[0]})
            assert (await live.subscribe(topic_of(people)))["type"] == "error"
            assert live.events(topic_of(people)) == []


async def test_who_follows_the_record_of_a_group_that_is_deleted_is_told(
    people: Cast, url: str
) -> None:
    async with LiveClient(url, people.mia.token) as live:
        await live.follow(topic_of(people))
        await people.ann.delete(f"/api/groups/{people.group['id']}")
        revoked = await live.until(lambda m: m["type"] == "revoked")
        assert revoked["topic"] == topic_of(people)


async def moderated(people: Cast, post: Thing, score: Thing, document: str) -> Thing:
    """Everything that is an act, in a channel that is made and gone, and to what bob has there."""
    group = f"/api/groups/{people.group['id']}"
    await people.ann.post(f"{group}/join-code", {})
    await people.ann.patch(f"{group}/join-code", {"max_uses": 3})
    await people.mia.delete(f"{group}/join-code")
    await people.ann.patch(group, {"name": "Class 7b", "description": "Room 7"})
    await people.ann.put(f"{group}/members/{people.bob.id}", {"role": "moderator"})
    await people.ann.put(f"{group}/members/{people.bob.id}", {"role": "member"})
    channel: Thing = await people.mia.post(f"{group}/channels", {"name": "news"})
    path = f"/api/channels/{channel['id']}"
    await people.mia.patch(path, {"name": "older news"})
    await people.mia.patch(path, {"kind": "private"})
    await people.mia.patch(path, {"kind": "open", "publish_history": True})
    await people.mia.delete(path)
    await people.mia.delete(f"/api/posts/{post['id']}")
    await people.mia.delete(f"/api/scores/{score['id']}")
    await people.mia.delete(document)
    await people.mia.delete(f"{group}/members/{people.bob.id}")
    return channel


async def test_what_is_done_to_people_and_things_of_others_is_in_the_record(
    people: Cast,
) -> None:
    general = f"/api/channels/{people.channel['id']}"
    post = await people.bob.post(people.posts, {"text": "of bob"})
    score = await people.bob.post(f"{general}/scores", {"game": "snake", "points": 1})
    own = f"{general}/documents/members/{people.bob.id}/notes"
    document = await people.bob.put(own, {"is": "bob's"}, status=201)
    before = await people.mia.get(record_of(people))

    channel = await moderated(people, post, score, own)

    bob, made = people.bob.id, f"channel:{channel['id']}"
    after = await people.ann.get(record_of(people))
    done = after["acts"][: len(after["acts"]) - len(before["acts"])]
    assert short(done[::-1]) == [
        ("code.made", None, None),
        ("code.changed", None, None),
        ("code.withdrawn", None, None),
        ("group.edited", None, None),
        ("role.changed", bob, None),
        ("role.changed", bob, None),
        ("channel.created", None, made),
        ("channel.edited", None, made),
        ("channel.opened", None, made),
        ("channel.deleted", None, made),
        ("post.deleted", bob, f"post:{post['id']}"),
        ("score.deleted", bob, f"score:{score['id']}"),
        ("document.deleted", bob, f"document:{document['id']}"),
        ("member.removed", bob, None),
    ]
    assert {act["via"] for act in done} == {"request"}
    assert [person["username"] for person in after["people"]] == ["ann", "mia", "bob"]
    behind = before["live"]["topics"][topic_of(people)]
    log = [event for event in await log_of(people.mia, topic_of(people)) if event["seq"] > behind]
    assert [event["data"] for event in log] == done[::-1], "the list before, and the events since"
    assert after["live"]["topics"][topic_of(people)] == behind + len(log)
    said = json.dumps([done, log])
    for text in ("Class 7b", "Room 7", "news", "snake", "notes", "of bob"):
        assert text not in said


async def test_what_is_done_to_ones_own_or_changes_nothing_is_no_act(people: Cast) -> None:
    group, general = f"/api/groups/{people.group['id']}", f"/api/channels/{people.channel['id']}"
    post = await people.mia.post(people.posts, {"text": "of mia"})
    before = (await people.ann.get(record_of(people)))["acts"]
    await people.mia.delete(f"/api/posts/{post['id']}")
    await people.ann.patch(group, {"name": people.group["name"]})
    await people.ann.patch(general, {"name": people.channel["name"]})
    await people.ann.put(f"{group}/members/{people.mia.id}", {"role": "moderator"})
    await people.ann.patch(f"{group}/join-code", {"max_uses": None})
    await people.bob.delete(f"{group}/members/{people.bob.id}")
    assert (await people.ann.get(record_of(people)))["acts"] == before


async def in_secret(people: Cast) -> tuple[Thing, Thing, Thing, Thing]:
    """What is done in a private channel: it, a post, a score, and a document of bob's there."""
    group = f"/api/groups/{people.group['id']}"
    surprise = {"name": "the surprise", "kind": "private"}
    secret: Thing = await people.mia.post(f"{group}/channels", surprise)
    path = f"/api/channels/{secret['id']}"
    await people.mia.put(f"{path}/members/{people.bob.id}", status=204)
    post: Thing = await people.bob.post(f"{path}/posts", {"text": "a cake"})
    score: Thing = await people.bob.post(f"{path}/scores", {"game": "snake", "points": 1})
    own = f"{path}/documents/members/{people.bob.id}/notes"
    document: Thing = await people.bob.put(own, {"is": "bob's"}, status=201)
    await people.mia.put(f"/api/posts/{post['id']}/pin", status=204)
    await people.mia.delete(f"/api/posts/{post['id']}/pin")
    await people.mia.delete(f"/api/posts/{post['id']}")
    await people.mia.delete(f"/api/scores/{score['id']}")
    await people.mia.delete(own)
    await people.ann.put(f"{path}/members/{people.ann.id}", status=204)
    await people.mia.patch(path, {"name": "the great surprise"})
    await people.mia.patch(path, {"seconds_between_posts": 60})
    await people.mia.delete(f"{path}/members/{people.bob.id}")
    await people.mia.delete(path)
    return secret, post, score, document


async def test_the_record_of_a_group_never_tells_that_a_private_channel_exists(
    people: Cast,
) -> None:
    """The audit has the ids of what is done there, and no name."""
    before = await people.ann.get(record_of(people))
    secret, post, score, document = await in_secret(people)
    assert await people.ann.get(record_of(people)) == before
    everything = [
        await log_of(people.ann, f"group:{people.group['id']}"),
        await log_of(people.ann, topic_of(people)),
    ]
    for sign in ("surprise", f"channel:{secret['id']}", f'"channel_id": {secret["id"]}'):
        assert sign not in json.dumps(everything)
    said = [event["data"] for event in await log_of(people.root, "admin")]
    audit = [act for act in said if "channel_id" in act.get("details", ())]
    here, bob = f"channel:{secret['id']}", people.bob.id
    assert short(audit) == [
        ("channel.created", None, here),
        ("channel_member.added", bob, here),
        ("post.pinned", bob, f"post:{post['id']}"),
        ("post.unpinned", bob, f"post:{post['id']}"),
        ("post.deleted", bob, f"post:{post['id']}"),
        ("score.deleted", bob, f"score:{score['id']}"),
        ("document.deleted", bob, f"document:{document['id']}"),
        ("channel.entered", None, here),
        ("channel.edited", None, here),
        ("slow_mode.set", None, here),
        ("channel_member.removed", bob, here),
        ("channel.deleted", None, here),
    ]
    ids = {"group_id": people.group["id"], "channel_id": secret["id"]}
    assert all(act["details"] == ids for act in audit)


async def test_an_open_channel_that_becomes_private_leaves_no_act_that_says_so(
    people: Cast,
) -> None:
    channel = await people.mia.post(
        f"/api/groups/{people.group['id']}/channels", {"name": "soon a secret"}
    )
    before = (await people.ann.get(record_of(people)))["acts"]
    await people.mia.patch(f"/api/channels/{channel['id']}", {"kind": "private"})
    assert (await people.ann.get(record_of(people)))["acts"] == before


async def test_the_record_outlives_the_accounts_that_it_names(people: Cast) -> None:
    group = f"/api/groups/{people.group['id']}"
    await people.mia.delete(f"{group}/members/{people.bob.id}")
    for person in (people.mia, people.bob):
        await person.delete("/api/me")
    listed = await people.ann.get(record_of(people))
    removed = listed["acts"][0]
    assert short([removed]) == [("member.removed", None, None)]
    assert removed["by_id"] is None
    assert [person["username"] for person in listed["people"]] == ["ann"]


async def test_that_a_group_was_deleted_is_in_the_audit(people: Cast) -> None:
    await people.ann.delete(f"/api/groups/{people.group['id']}")
    act = (await log_of(people.root, "admin"))[-1]["data"]
    assert (act["kind"], act["by_id"]) == ("group.deleted", people.ann.id)
    assert act["subject"] == f"group:{people.group['id']}"
