"""Slow mode: members of a channel post once in so many seconds, however they go about it."""

import asyncio
from datetime import timedelta
from typing import Any

from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.slow_mode import LastPosts, forget_old_turns
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.people import Answer, Visitor

KEY = "3c1d-again"


async def slow_down(people: Cast, seconds: int = 30) -> Any:
    path = f"/api/channels/{people.channel['id']}"
    return await people.mia.patch(path, {"seconds_between_posts": seconds})


async def let_pass(services: Services, seconds: float) -> None:
    """As if all turns had been taken so much earlier."""
    async with services.database.write() as db:
        earlier = now() - timedelta(seconds=seconds)
        await db.run(update(LastPosts).values(posted_at=earlier))


async def test_who_posts_too_soon_is_told_when_and_her_post_comes_then(
    people: Cast, services: Services
) -> None:
    assert (await slow_down(people))["seconds_between_posts"] == 30
    first = await people.bob.post(people.posts, {"text": "one"}, Idempotency_Key=KEY)
    refused = await people.bob.ask("POST", people.posts, {"text": "two"})
    assert problem(refused, 429, "slow_mode")["detail"] == (
        "In this channel you may post once in 30 seconds. Try again in 30 seconds."
    )
    assert refused.headers["Retry-After"] == "30"
    again = await people.bob.ask("POST", people.posts, {"text": "one"}, Idempotency_Key=KEY)
    assert (again.status, again.body) == (201, first), "a repeat is no other post"
    await let_pass(services, 29)
    refused = await people.bob.ask("POST", people.posts, {"text": "two"})
    problem(refused, 429, "slow_mode")
    assert refused.headers["Retry-After"] == "1"
    await let_pass(services, 30)
    await people.bob.post(people.posts, {"text": "two"})


async def test_neither_replies_nor_deletions_nor_many_at_once_get_another_turn(
    people: Cast, services: Services
) -> None:
    post = await people.ann.post(people.posts, {"text": "Who comes?"})
    reply = {"text": "me", "parent_id": post["id"]}
    await slow_down(people)
    await people.bob.ask("POST", people.posts, {"text": " "})
    bodies = [{"text": "x"}, reply] * 5
    answers = await asyncio.gather(*(people.bob.ask("POST", people.posts, b) for b in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [429] * 9
    (written,) = (answer.body for answer in answers if answer.status == 201)
    await people.bob.delete(f"/api/posts/{written['id']}")
    for body in bodies[:2]:
        problem(await people.bob.ask("POST", people.posts, body), 429, "slow_mode")
    async with services.database.write() as db:
        await forget_old_turns(db)
    problem(await people.bob.ask("POST", people.posts, reply), 429, "slow_mode")
    await slow_down(people, 0)
    await people.bob.post(people.posts, reply)


async def test_a_clock_that_was_ahead_makes_nobody_wait(people: Cast, services: Services) -> None:
    await slow_down(people, 3600)
    await people.bob.post(people.posts, {"text": "x"})
    await let_pass(services, -7200)
    await people.bob.post(people.posts, {"text": "x"})


async def test_what_is_no_post_and_what_is_elsewhere_does_not_wait(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(path, {"name": "other"})
    await slow_down(people)
    post = await people.bob.post(people.posts, {"text": "x"})
    await people.bob.patch(f"/api/posts/{post['id']}", {"text": "y"})
    await people.bob.put(f"/api/posts/{post['id']}/reactions/👍")
    for _ in range(2):
        await people.bob.post(f"/api/channels/{other['id']}/posts", {"text": "x"})
        await people.mia.post(people.posts, {"text": "moderators need not wait"})


@rows("""
         slow-down  post  post-again
nobody   401        401   401
root     404        404   404
eve      404        404   404
left     404        404   404
banned   404        404   404
muted    403        403   403
bob      403        201   429
mia      200        201   201
ann      200        201   201
""")
async def test_who_slows_down_and_who_waits(
    app: Quart, services: Services, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = await Company(app, services, people).actor(who, visitor)
    await slow_down(people, 10)
    actions = {
        "slow-down": ("PATCH", people.posts.removesuffix("/posts"), {"seconds_between_posts": 9}),
        "post": ("POST", people.posts, {"text": "x"}),
        "post-again": ("POST", people.posts, {"text": "y"}),
    }
    assert await tried(actor, actions, may) == may
    for seconds in (-1, 3601, 1.5, "30", None):
        body = {"seconds_between_posts": seconds}
        answer = await people.ann.ask("PATCH", people.posts.removesuffix("/posts"), body)
        assert problem(answer, 400, "invalid")["fields"].keys() == body.keys()


async def told(who: Any, topic: str) -> list[Any]:
    answer: Answer = await who.ask("GET", f"/api/topics/{topic}/events?after=0&limit=100")
    assert answer.status == 200, answer
    return [event for event in answer.body["events"] if event["kind"] == "slow_mode.set"]


async def test_it_is_told_to_the_readers_and_kept_as_an_act(people: Cast) -> None:
    """That of a private channel is in the audit, by ids."""
    await slow_down(people)
    await slow_down(people)
    (act,) = await told(people.ann, f"moderation:{people.group['id']}")
    assert act["data"]["by_id"] == people.mia.id
    assert act["data"]["subject"] == f"channel:{people.channel['id']}"
    assert act["data"]["details"] == {"channel_id": people.channel["id"], "seconds": 30}
    listed = await people.bob.get(f"/api/groups/{people.group['id']}/channels")
    assert listed["channels"][0]["seconds_between_posts"] == 30
    path = f"/api/groups/{people.group['id']}/channels"
    secret = await people.mia.post(path, {"name": "secret", "kind": "private"})
    unchanged = {name: secret[name] for name in ("name", "description", "kind")}
    changes = {**unchanged, "seconds_between_posts": 60}
    await people.mia.patch(f"/api/channels/{secret['id']}", changes)
    assert len(await told(people.ann, f"moderation:{people.group['id']}")) == 1
    (act,) = await told(people.root, "admin")
    ids = {"group_id": people.group["id"], "channel_id": secret["id"]}
    assert (act["data"]["subject"], act["data"]["details"]) == (f"channel:{secret['id']}", ids)
    events = await people.root.get("/api/topics/admin/events?after=0")
    assert [event["kind"] for event in events["events"]][-1] == "slow_mode.set"
