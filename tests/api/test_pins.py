"""Pinned posts: who pins, how many, and what goes with a post."""

import asyncio
from typing import Any

from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.tables import Statuses, rows, tried
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor

MODERATORS = ("mia", "ann")
EXAMPLES = (
    Example("PUT /api/posts/{post_id}/pin", by=MODERATORS, often=2),
    Example("DELETE /api/posts/{post_id}/pin", by=MODERATORS),
)


def pins(people: Cast) -> str:
    return f"/api/channels/{people.channel['id']}/pins"


async def pinned(people: Cast, who: Person | None = None) -> list[Any]:
    return [post["text"] for post in (await (who or people.bob).get(pins(people)))["posts"]]


async def written(people: Cast, text: str, who: Person | None = None) -> str:
    post = await (who or people.bob).post(people.posts, {"text": text})
    return f"/api/posts/{post['id']}"


@rows("""
         list  pin  unpin
nobody   401   401  401
root     404   404  404
eve      404   404  404
left     404   404  404
banned   404   404  404
muted    200   403  403
bob      200   403  403
mia      200   204  204
ann      200   204  204
""")
async def test_who_may_do_what_with_pins(
    app: Quart, services: Services, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    post = await written(people, "Read this")
    actions = {
        "list": ("GET", pins(people), None),
        "pin": ("PUT", f"{post}/pin", None),
        "unpin": ("DELETE", f"{post}/pin", None),
    }
    actor = await Company(app, services, people).actor(who, visitor)
    assert await tried(actor, actions, may) == may


async def test_the_list_shows_whole_posts_as_they_are_now_the_last_pinned_first(
    people: Cast,
) -> None:
    posts = [await written(people, text) for text in ("one", "two", "three")]
    for post in (posts[1], posts[0], posts[2], posts[0]):
        await people.mia.put(f"{post}/pin", status=204)
    assert await pinned(people) == ["three", "one", "two"]
    await people.bob.patch(posts[0], {"text": "changed"})
    await people.ann.put(f"{posts[0]}/reactions/👍")
    listed = await people.bob.get(pins(people))
    assert listed["posts"][1] == await people.bob.get(posts[0])
    await people.bob.delete(posts[1])
    await people.ann.delete(f"{posts[2]}/pin")
    assert await pinned(people) == ["changed"]


async def test_a_channel_takes_20_however_many_pin_at_once(people: Cast) -> None:
    posts = [await written(people, str(number)) for number in range(22)]
    for post in posts[:18]:
        await people.mia.put(f"{post}/pin", status=204)
    answers = await asyncio.gather(*(people.ann.ask("PUT", f"{p}/pin") for p in posts[18:]))
    assert sorted(answer.status for answer in answers) == [204, 204, 409, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    problem(refused, 409, "too_many_pins")
    assert len(await pinned(people)) == 20
    await people.mia.put(f"{posts[0]}/pin", status=204)
    path = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(path, {"name": "other"})
    elsewhere = await people.bob.post(f"/api/channels/{other['id']}/posts", {"text": "x"})
    await people.ann.put(f"/api/posts/{elsewhere['id']}/pin", status=204)


async def test_replies_cannot_be_pinned_nor_posts_of_channels_one_does_not_read(
    people: Cast,
) -> None:
    post = await people.bob.post(people.posts, {"text": "Who comes?"})
    reply = await people.bob.post(people.posts, {"text": "me", "parent_id": post["id"]})
    refused = await people.mia.ask("PUT", f"/api/posts/{reply['id']}/pin")
    problem(refused, 409, "not_a_post")
    path = f"/api/groups/{people.group['id']}/channels"
    secret = await people.mia.post(path, {"name": "secret", "kind": "private"})
    hidden = await people.mia.post(f"/api/channels/{secret['id']}/posts", {"text": "hush"})
    await people.ann.put(f"/api/posts/{hidden['id']}/pin", status=404)
    await people.ann.get(f"/api/channels/{secret['id']}/pins", status=404)
    await people.mia.put(f"/api/posts/{hidden['id']}/pin", status=204)


async def test_readers_are_told_and_the_record_keeps_who_pinned_whose_post(
    people: Cast, url: str
) -> None:
    listed = await people.bob.get(pins(people))
    topic, moderation = f"channel:{people.channel['id']}", f"moderation:{people.group['id']}"
    seq = listed["live"]["topics"][topic]
    post = await written(people, "Read this")
    for _ in range(2):
        await people.mia.put(f"{post}/pin", status=204)
    await people.bob.patch(post, {"text": "changed"})
    for _ in range(2):
        await people.ann.delete(f"{post}/pin", status=204)
    post_id = int(post.rpartition("/")[2])
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(listed["live"])
        await live.event(topic, seq + 4)
        told = [(event["kind"], event["data"]) for event in live.events(topic)][-3:]
    (kind, data), (edited, _), unpinned = told
    assert (kind, data["id"], edited) == ("post.pinned", post_id, "post.edited")
    assert data.keys() == {"id", "pinned_at"}, "the text is in the post, and gone with it"
    assert unpinned == ("post.unpinned", {"id": post_id})
    kept = (await people.ann.get(f"/api/topics/{moderation}/events?after=0"))["events"]
    acts = [
        (act["kind"], act["data"]["by_id"], act["data"]["person_id"], act["data"]["subject"])
        for act in kept
        if act["kind"].startswith("post.")
    ]
    assert acts == [
        ("post.pinned", people.mia.id, people.bob.id, f"post:{post_id}"),
        ("post.unpinned", people.ann.id, people.bob.id, f"post:{post_id}"),
    ]
