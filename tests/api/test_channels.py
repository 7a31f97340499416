"""Channels of the three kinds: who finds them, who may do what in them."""

import asyncio
from typing import Any

from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor, sign_up

MODERATORS = ("mia", "ann")
PRIVATE = "/api/channels/{private_channel_id}"
PUBLISHED = {"kind": "open", "publish_history": True}
SLOW = {"seconds_between_posts": 1}
EXAMPLES = (
    Example(
        "POST /api/groups/{group_id}/channels", {"name": "new"},
        ({"name": "news", "kind": "announce"},), makes="channel_id",
        oldest_first=True, by=MODERATORS,
    ),
    Example(
        "POST /api/groups/{group_id}/channels", {"name": "secret", "kind": "private"},
        makes="private_channel_id", oldest_first=True, by=MODERATORS,
    ),
    Example(
        "PATCH /api/channels/{channel_id}", {"name": "other"},
        (PUBLISHED, {**PUBLISHED, "kind": "announce"}, {"kind": "private"}, SLOW), by=MODERATORS,
    ),
    Example("DELETE /api/channels/{channel_id}", by=MODERATORS),
    Example("PUT /api/channels/{channel_id}/read-mark", {"post_id": "{post_id}"}, often=0),
    Example(f"PUT {PRIVATE}/members/{{user_id}}", by=MODERATORS),
    Example(f"DELETE {PRIVATE}/members/{{user_id}}", by=MODERATORS),
)  # fmt: skip


async def made(by: Person, people: Cast, kind: str) -> Any:
    path = f"/api/groups/{people.group['id']}/channels"
    return await by.post(path, {"name": kind, "kind": kind})


async def newcomer(app: Quart, services: Services, people: Cast, name: str, role: str) -> Person:
    person = await sign_up(app, services.database, name)
    path = f"/api/groups/{people.group['id']}"
    code = await people.ann.post(f"{path}/join-code", {})
    await person.post("/api/memberships", {"join_code": code["join_code"]})
    await people.ann.put(f"{path}/members/{person.id}", {"role": role})
    return person


async def attempts(people: Cast, channel: Any, who: Visitor, other: Person, may: Statuses) -> Any:
    path = f"/api/channels/{channel['id']}"
    post = await people.mia.post(f"{path}/posts", {"text": "Hello"})
    own_id = who.id if isinstance(who, Person) else 1
    actions = {
        "make": ("POST", f"/api/groups/{people.group['id']}/channels", {"name": "x"}),
        "show": ("GET", path, None),
        "read": ("GET", f"{path}/posts", None),
        "write": ("POST", f"{path}/posts", {"text": "Hi"}),
        "reply": ("POST", f"{path}/posts", {"text": "Hi", "parent_id": post["id"]}),
        "react": ("PUT", f"/api/posts/{post['id']}/reactions/👍", None),
        "mark": ("PUT", f"{path}/read-mark", {"post_id": post["id"]}),
        "edit": ("PATCH", path, {"name": "y"}),
        "let-in": ("PUT", f"{path}/members/{other.id}", None),
        "take-out": ("DELETE", f"{path}/members/{other.id}", None),
        "enter": ("PUT", f"{path}/members/{own_id}", None),
        "delete": ("DELETE", path, None),
    }
    return await tried(who, actions, may)


@rows("""
         make  show  read  write  reply  react  mark  edit  let-in  take-out  enter  delete
nobody   401   401   401   401    401    401    401   401   401     401       401    401
root     404   404   404   404    404    404    404   404   404     404       404    404
eve      404   404   404   404    404    404    404   404   404     404       404    404
bob      403   200   200   201    201    200    200   403   409     409       409    403
mia      201   200   200   201    201    200    200   200   409     409       409    204
ann      201   200   200   201    201    200    200   200   409     409       409    204
""")
async def test_who_may_do_what_in_an_open_channel(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    channel = await made(people.ann, people, "open")
    actor = visitor if who == "nobody" else people.named(who)
    assert await attempts(people, channel, actor, people.mia, may) == may


@rows("""
         make  show  read  write  reply  react  mark  edit  let-in  take-out  enter  delete
nobody   401   401   401   401    401    401    401   401   401     401       401    401
root     404   404   404   404    404    404    404   404   404     404       404    404
eve      404   404   404   404    404    404    404   404   404     404       404    404
bob      403   200   200   403    403    200    200   403   409     409       409    403
mia      201   200   200   201    201    200    200   200   409     409       409    204
ann      201   200   200   201    201    200    200   200   409     409       409    204
""")
async def test_who_may_do_what_in_a_channel_for_announcements(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    channel = await made(people.ann, people, "announce")
    actor = visitor if who == "nobody" else people.named(who)
    assert await attempts(people, channel, actor, people.mia, may) == may


@rows("""
         make  show  read  write  reply  react  mark  edit  let-in  take-out  enter  delete
nobody   401   401   401   401    401    401    401   401   401     401       401    401
root     404   404   404   404    404    404    404   404   404     404       404    404
eve      404   404   404   404    404    404    404   404   404     404       404    404
pat      403   404   404   404    404    404    404   404   404     404       404    404
max      201   404   404   404    404    404    404   404   404     404       404    404
ann      201   404   404   404    404    404    404   404   404     404       204    204
bob      403   200   200   201    201    200    200   403   403     403       403    403
mia      201   200   200   201    201    200    200   200   204     204       204    204
""")
async def test_who_may_do_what_in_a_private_channel_of_mia_and_bob(
    app: Quart, services: Services, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    other = await newcomer(app, services, people, "other", "member")
    others = {
        "nobody": visitor,
        "pat": await newcomer(app, services, people, "pat", "member"),
        "max": await newcomer(app, services, people, "max", "moderator"),
    }
    channel = await made(people.mia, people, "private")
    await people.mia.put(f"/api/channels/{channel['id']}/members/{people.bob.id}", status=204)
    actor = others.get(who) or people.named(who)
    assert await attempts(people, channel, actor, other, may) == may


async def test_a_private_channel_is_not_found_by_others(people: Cast) -> None:
    channel = await made(people.mia, people, "private")
    path = f"/api/groups/{people.group['id']}/channels"
    seen = {
        who: {c["name"]: c["readable"] for c in (await people.named(who).get(path))["channels"]}
        for who in ("ann", "mia", "bob")
    }
    assert seen["mia"] == {"general": True, "private": True}
    assert seen["ann"] == {"general": True, "private": False}, "owners see the names"
    assert seen["bob"] == {"general": True}
    missing = await people.bob.ask("GET", "/api/channels/999999")
    hidden = await people.bob.ask("GET", f"/api/channels/{channel['id']}")
    for answer in (missing, hidden):
        answer.body.pop("request_id")
    assert hidden.body == missing.body, "nothing says that it is there"


async def test_a_private_channel_shows_its_members_an_open_one_does_not(people: Cast) -> None:
    channel = await made(people.mia, people, "private")
    path = f"/api/channels/{channel['id']}"
    assert (await people.mia.get(path))["member_ids"] == [people.mia.id]
    await people.mia.put(f"{path}/members/{people.bob.id}", status=204)
    await people.mia.put(f"{path}/members/{people.bob.id}", status=204)
    shown = await people.bob.get(path)
    assert shown["member_ids"] == sorted([people.mia.id, people.bob.id])
    assert shown["live"]["topics"].keys() == {f"channel:{channel['id']}"}
    assert (await people.bob.get(f"/api/channels/{people.channel['id']}"))["member_ids"] is None


async def test_only_members_of_the_group_are_let_in(people: Cast) -> None:
    channel = await made(people.mia, people, "private")
    path = f"/api/channels/{channel['id']}/members"
    for stranger in (people.eve.id, people.root.id, 999_999):
        problem(await people.mia.ask("PUT", f"{path}/{stranger}"), 404, "not_found")
    problem(await people.mia.ask("DELETE", f"{path}/{people.bob.id}"), 404, "not_found")


async def test_who_leaves_a_private_channel_or_its_group_finds_it_no_more(people: Cast) -> None:
    channel = await made(people.mia, people, "private")
    path, group = f"/api/channels/{channel['id']}", f"/api/groups/{people.group['id']}"
    await people.mia.put(f"{path}/members/{people.bob.id}", status=204)
    await people.bob.delete(f"{path}/members/{people.bob.id}")
    await people.bob.get(path, status=404)
    await people.mia.put(f"{path}/members/{people.bob.id}", status=204)
    await people.bob.delete(f"{group}/members/{people.bob.id}")
    code = await people.ann.post(f"{group}/join-code", {})
    await people.bob.post("/api/memberships", {"join_code": code["join_code"]})
    # Coming back to the group is not coming back to it
    await people.bob.get(path, status=404)


async def test_closing_a_channel_leaves_only_who_did_it_and_opening_lets_all_in(
    people: Cast,
) -> None:
    path = f"/api/channels/{people.channel['id']}"
    await people.bob.post(people.posts, {"text": "before"})
    await people.mia.patch(path, {"kind": "private"})
    for outside in (people.ann, people.bob):
        await outside.get(people.posts, status=404)
    assert (await people.mia.get(path))["member_ids"] == [people.mia.id]
    await people.mia.patch(path, {"kind": "announce", "publish_history": True})
    assert len((await people.bob.get(people.posts))["posts"]) == 1
    await people.bob.post(people.posts, {"text": "no"}, status=403)


async def test_a_private_channel_is_opened_only_by_who_says_that_its_posts_are_published(
    people: Cast,
) -> None:
    path = f"/api/channels/{people.channel['id']}"
    await people.bob.post(people.posts, {"text": "before"})
    closed = await people.mia.patch(path, {"kind": "private"})
    await people.mia.post(people.posts, {"text": "about the others"})
    for kind in ("open", "announce"):
        for said in ({}, {"publish_history": False}):
            answer = await people.mia.ask("PATCH", path, {"name": "x", "kind": kind, **said})
            fields = problem(answer, 400, "invalid")["fields"]
            assert fields.keys() == {"publish_history"}
    assert await people.mia.patch(path, {"publish_history": True}) == closed
    await people.bob.get(people.posts, status=404)
    await people.mia.patch(path, {"kind": "open", "publish_history": True})
    assert len((await people.bob.get(people.posts))["posts"]) == 2


async def test_an_owner_who_lets_herself_in_is_seen_by_its_members_and_in_the_audit_by_ids(
    people: Cast,
) -> None:
    channel = await made(people.mia, people, "private")
    path = f"/api/channels/{channel['id']}/members"
    await people.mia.put(f"{path}/{people.bob.id}", status=204)
    before = await log_of(people.bob, f"group:{people.group['id']}")
    for _ in range(2):
        await people.ann.put(f"{path}/{people.ann.id}", status=204)
    entered = {"id": channel["id"], "group_id": people.group["id"], "user_id": people.ann.id}
    for who, topic in ((people.bob, f"channel:{channel['id']}"), (people.root, "admin")):
        events = [e for e in await log_of(who, topic) if e["kind"] == "channel.entered"]
        assert [event["by"] for event in events] == [people.ann.id]
        said = events[0]["data"]
        ids = {"group_id": people.group["id"], "channel_id": channel["id"]}
        assert said == entered if topic != "admin" else said["details"] == ids
    assert await log_of(people.bob, f"group:{people.group['id']}") == before


async def log_of(who: Person, topic: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (await who.get(f"/api/topics/{topic}/events?after=0"))["events"]
    return events


async def test_only_what_is_given_changes(people: Cast) -> None:
    path = f"/api/channels/{people.channel['id']}"
    edited = await people.mia.patch(path, {"description": "All of us"})
    assert edited == {**people.channel, "description": "All of us"}
    assert await people.mia.patch(path, {}) == edited
    for wrong in ({"kind": "secret"}, {"kind": None}, {"name": ""}, {"group_id": 1}):
        problem(await people.mia.ask("PATCH", path, wrong), 400, "invalid")


async def test_unread_are_the_posts_of_others_behind_the_mark(people: Cast) -> None:
    listed = f"/api/groups/{people.group['id']}/channels"
    mark = f"/api/channels/{people.channel['id']}/read-mark"
    posts = [await people.ann.post(people.posts, {"text": str(n)}) for n in range(3)]
    await people.bob.post(people.posts, {"text": "mine", "parent_id": posts[0]["id"]})
    await people.mia.post(people.posts, {"text": "a reply", "parent_id": posts[0]["id"]})

    async def unread(who: Person) -> tuple[int, int]:
        (channel,) = (await who.get(listed))["channels"]
        one = await who.get(f"/api/channels/{people.channel['id']}")
        assert (one["unread"], one["read_mark"]) == (channel["unread"], channel["read_mark"])
        return channel["unread"], channel["read_mark"]

    assert await unread(people.bob) == (4, 0)
    assert await unread(people.ann) == (2, 0)
    moved = await people.bob.put(mark, {"post_id": posts[1]["id"]})
    assert moved == {"channel_id": people.channel["id"], "post_id": posts[1]["id"]}
    assert await unread(people.bob) == (2, posts[1]["id"])
    await people.ann.delete(f"/api/posts/{posts[2]['id']}")
    assert await unread(people.bob) == (1, posts[1]["id"])


async def test_a_group_is_unread_while_there_are_posts_by_others_that_one_may_read(
    people: Cast,
) -> None:
    async def says(who: Person) -> tuple[bool, list[int]]:
        (group,) = (await who.get("/api/groups"))["groups"]
        listed = await who.get(f"/api/groups/{people.group['id']}/channels")
        return group["unread"], [channel["newest"] for channel in listed["channels"]]

    secret = await made(people.mia, people, "private")
    hidden = await people.mia.post(f"/api/channels/{secret['id']}/posts", {"text": "secret"})
    assert await says(people.mia) == (False, [0, hidden["id"]])
    assert await says(people.ann) == (False, [0, 0]), "an owner sees its name, and no more"
    post = await people.bob.post(people.posts, {"text": "hello"})
    assert await says(people.bob) == (False, [post["id"]])
    assert await says(people.ann) == (True, [post["id"], 0])
    mark = f"/api/channels/{people.channel['id']}/read-mark"
    await people.ann.put(mark, {"post_id": post["id"]})
    assert await says(people.ann) == (False, [post["id"], 0])


async def test_a_read_mark_moves_only_forwards_and_no_further_than_the_posts(people: Cast) -> None:
    mark = f"/api/channels/{people.channel['id']}/read-mark"
    first, second = [await people.ann.post(people.posts, {"text": t}) for t in "ab"]
    elsewhere = await made(people.ann, people, "open")
    await people.ann.post(f"/api/channels/{elsewhere['id']}/posts", {"text": "not of here"})
    assert (await people.bob.put(mark, {"post_id": 2**63 - 1}))["post_id"] == second["id"]
    assert (await people.bob.put(mark, {"post_id": first["id"]}))["post_id"] == second["id"]
    for wrong in (0, -1, 2**63, "1", None, 1.5, True):
        problem(await people.bob.ask("PUT", mark, {"post_id": wrong}), 400, "invalid")


async def test_of_marks_moved_at_once_the_furthest_stays(people: Cast) -> None:
    mark = f"/api/channels/{people.channel['id']}/read-mark"
    posts = [await people.ann.post(people.posts, {"text": "x"}) for _ in range(8)]
    ids = [post["id"] for post in posts]
    shuffled = ids[4:] + ids[:4]
    await asyncio.gather(*(people.bob.put(mark, {"post_id": post_id}) for post_id in shuffled))
    one = await people.bob.get(f"/api/channels/{people.channel['id']}")
    assert (one["read_mark"], one["unread"]) == (ids[-1], 0)
