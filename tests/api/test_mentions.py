"""Mentions: who is told that a post names her, and that it no longer does."""

from collections.abc import Iterable
from typing import Any

from quart import Quart

from api.context import Services
from model.mention import MAX_MENTIONS
from tests.support.cast import Cast
from tests.support.people import PASSWORD, Person, sign_up


async def told(who: Person) -> list[tuple[str, Any]]:
    """What happened to the mentions of somebody."""
    path = f"/api/topics/user:{who.id}/events?after=0"
    events = (await who.get(path))["events"]
    return [(e["kind"], e["data"]) for e in events if e["kind"].startswith("mention")]


async def listed(who: Person) -> list[int]:
    return [one["post_id"] for one in (await who.get("/api/me/mentions"))["mentions"]]


async def joined(
    app: Quart, people: Cast, services: Services, usernames: Iterable[str]
) -> list[Person]:
    """New accounts that belong to the group."""
    code = (await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {}))["join_code"]
    crowd = [await sign_up(app, services.database, username) for username in usernames]
    for guest in crowd:
        await guest.post("/api/memberships", {"join_code": code})
    return crowd


def named(crowd: Iterable[Person]) -> str:
    return " ".join(f"@{one.username}" for one in crowd)


async def test_who_is_named_is_told_without_the_text_and_finds_it_listed(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "Come, @bob and @BOB, and @mia and @ann!"})
    reply = {"text": "@bob, too", "parent_id": post["id"]}
    reply = await people.mia.post(people.posts, reply)
    mention = {
        "post_id": post["id"],
        "channel_id": people.channel["id"],
        "group_id": people.group["id"],
        "parent_id": None,
        "by": {"id": people.ann.id, "name": "Ann", "avatar": None},
        "created_at": (await told(people.bob))[0][1]["created_at"],
    }
    assert await told(people.mia) == [("mention.created", mention)]
    assert [kind for kind, _ in await told(people.bob)] == ["mention.created"] * 2
    answer = await people.bob.get("/api/me/mentions?limit=1")
    assert [one["parent_id"] for one in answer["mentions"]] == [post["id"]]
    older = await people.bob.get(f"/api/me/mentions?before={answer['next']}")
    assert (older["mentions"], older["next"]) == ([mention], None)
    assert answer["live"]["topics"].keys() == {f"user:{people.bob.id}"}
    assert await told(people.ann) == [], "nobody is told of her own words"
    assert reply["parent"]["id"] == post["id"]


async def test_marks_at_the_end_belong_to_a_name_if_it_is_somebodys(
    app: Quart, people: Cast, services: Services
) -> None:
    await people.ann.post(people.posts, {"text": "_@bob_ and @mia---"})
    assert [len(await listed(who)) for who in (people.bob, people.mia)] == [1, 1]
    (other,) = await joined(app, people, services, ["Bob_"])
    await people.ann.post(people.posts, {"text": "Both: __@bob__"})
    assert [len(await listed(who)) for who in (people.bob, other)] == [1, 1]
    await other.post(people.posts, {"text": "@bob_ myself"})
    assert len(await listed(people.bob)) == 1


async def test_who_is_disabled_is_not_told_and_stays_among_those_who_have_been(
    people: Cast,
) -> None:
    post = await people.ann.post(people.posts, {"text": "@bob"})
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})
    await people.ann.post(people.posts, {"text": "@bob"})
    await people.ann.patch(f"/api/posts/{post['id']}", {"text": "@bob @mia"})
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": True})
    answer = await people.bob.post(
        "/api/sessions", {"username": "bob", "password": PASSWORD, "token": True}
    )
    people.bob.headers["Authorization"] = f"Bearer {answer['token']}"
    assert await listed(people.bob) == [post["id"]]


async def test_only_who_may_read_the_channel_is_told(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}/channels"
    channel = await people.mia.post(path, {"name": "secret", "kind": "private"})
    await people.mia.put(f"/api/channels/{channel['id']}/members/{people.bob.id}", status=204)
    text = {"text": "@bob @ann @eve @root @nobody"}
    await people.mia.post(f"/api/channels/{channel['id']}/posts", text)
    await people.mia.post(people.posts, text)
    assert len(await told(people.bob)) == 2
    assert len(await told(people.ann)) == 1
    for stranger in (people.eve, people.root):
        assert await told(stranger) == []
    await people.mia.delete(f"/api/channels/{channel['id']}/members/{people.bob.id}")
    assert len(await listed(people.bob)) == 1, "what one may no longer read is not listed"


async def test_an_edit_tells_who_is_new_and_who_is_no_longer_named(people: Cast) -> None:
    post = await people.ann.post(people.posts, {"text": "@bob"})
    path = f"/api/posts/{post['id']}"
    await people.ann.patch(path, {"text": "@bob, again"})
    await people.ann.patch(path, {"text": "@mia"})
    gone = ("mention.deleted", {"post_ids": [post["id"]]})
    assert [kind for kind, _ in await told(people.bob)] == ["mention.created", "mention.deleted"]
    assert (await told(people.bob))[1] == gone
    assert [kind for kind, _ in await told(people.mia)] == ["mention.created"]
    assert (await listed(people.bob), await listed(people.mia)) == ([], [post["id"]])
    await people.ann.patch(path, {"text": "nobody"})
    assert (await told(people.mia))[1] == gone
    assert await listed(people.mia) == []


async def test_who_may_no_longer_read_the_channel_is_told_nothing_of_its_posts(
    people: Cast,
) -> None:
    edited = await people.mia.post(people.posts, {"text": "@bob @ann"})
    deleted = await people.mia.post(people.posts, {"text": "@bob @ann"})
    await people.mia.patch(f"/api/channels/{people.channel['id']}", {"kind": "private"})
    await people.mia.put(
        f"/api/channels/{people.channel['id']}/members/{people.ann.id}", status=204
    )
    await people.mia.patch(f"/api/posts/{edited['id']}", {"text": "nobody"})
    await people.mia.delete(f"/api/posts/{deleted['id']}")
    assert [kind for kind, _ in await told(people.bob)] == ["mention.created"] * 2
    assert [kind for kind, _ in await told(people.ann)][2:] == ["mention.deleted"] * 2
    await people.mia.patch(
        f"/api/channels/{people.channel['id']}", {"kind": "open", "publish_history": True}
    )
    assert await listed(people.bob) == []


async def test_a_mention_goes_with_its_post_and_with_the_post_that_it_answers(
    people: Cast,
) -> None:
    post = await people.ann.post(people.posts, {"text": "@bob"})
    reply = await people.ann.post(people.posts, {"text": "@bob", "parent_id": post["id"]})
    assert await listed(people.bob) == [reply["id"], post["id"]]
    await people.ann.delete(f"/api/posts/{post['id']}")
    assert (await told(people.bob))[-1] == (
        "mention.deleted",
        {"post_ids": [post["id"], reply["id"]]},
    )
    assert await listed(people.bob) == []
    await people.ann.post(people.posts, {"text": "@bob"})
    await people.ann.delete(f"/api/channels/{people.channel['id']}")
    assert await listed(people.bob) == []


async def test_a_post_of_somebody_who_left_still_names_people(people: Cast) -> None:
    post = await people.mia.post(people.posts, {"text": "@bob"})
    await people.mia.delete("/api/me")
    (mention,) = (await people.bob.get("/api/me/mentions"))["mentions"]
    assert (mention["post_id"], mention["by"]) == (post["id"], None)


async def test_a_post_that_is_refused_tells_nobody(people: Cast) -> None:
    path = f"/api/channels/{people.channel['id']}"
    await people.ann.patch(path, {"kind": "announce"})
    answer = await people.bob.ask("POST", people.posts, {"text": "@mia"})
    assert answer.status == 403
    assert await told(people.mia) == []


async def test_a_post_tells_twenty_people_at_most(
    app: Quart, people: Cast, services: Services
) -> None:
    crowd = await joined(app, people, services, [f"guest{n}" for n in range(MAX_MENTIONS + 2)])
    await people.ann.post(people.posts, {"text": named(crowd)})
    assert sum([len(await listed(guest)) for guest in crowd]) == MAX_MENTIONS


async def test_who_has_been_told_stays_told_and_others_as_the_text_names_them(
    app: Quart, people: Cast, services: Services
) -> None:
    crowd = await joined(app, people, services, [f"guest{n}" for n in range(MAX_MENTIONS + 2)])
    first, late = crowd[2:], crowd[:2]
    post = await people.ann.post(people.posts, {"text": named(reversed(first))})
    path = f"/api/posts/{post['id']}"
    await people.ann.patch(path, {"text": named(crowd)})
    assert [kind for guest in first for kind, _ in await told(guest)] == ["mention.created"] * 20
    assert [await told(guest) for guest in late] == [[], []]
    await people.ann.patch(path, {"text": named([late[1], late[0], *first[1:]])})
    assert (await told(first[0]))[-1][0] == "mention.deleted"
    assert [len(await told(guest)) for guest in late] == [0, 1], "there was room for one"
