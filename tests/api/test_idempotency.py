"""`Idempotency-Key`: a request repeated with its key is carried out once, and answered alike."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.idempotency import IdempotencyKeys
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import sign_up

KEY = "0d6f2c1e-once"


async def test_repeats_that_come_at_once_write_one_post_and_answer_alike(people: Cast) -> None:
    repeats = [
        people.bob.ask("POST", people.posts, {"text": "once"}, Idempotency_Key=KEY)
        for _ in range(12)
    ]
    answers = await asyncio.gather(*repeats)
    assert [answer.status for answer in answers] == [201] * 12
    assert all(answer.body == answers[0].body for answer in answers)
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
    listed = await people.ann.get(people.posts)
    assert listed["posts"] == [answers[0].body]


@pytest.mark.usefixtures("people")
async def test_each_marked_route_takes_a_key(people: Cast) -> None:
    group = f"/api/groups/{people.group['id']}"
    code = await people.ann.post(f"{group}/join-code", {"max_uses": 1})
    scores = f"/api/channels/{people.channel['id']}/scores"
    marked: list[tuple[str, dict[str, object], str, str, int]] = [
        # where, what, in which list it is, how many are in it then
        ("/api/memberships", {"join_code": code["join_code"]}, "/api/groups", "groups", 1),
        ("/api/groups", {"name": "once"}, "/api/groups", "groups", 2),
        (people.posts, {"text": "once"}, people.posts, "posts", 1),
        (scores, {"game": "x", "points": 1}, f"{scores}?game=x&order=latest", "scores", 1),
        (f"{group}/channels", {"name": "once"}, f"{group}/channels", "channels", 2),
    ]
    for path, body, listed_at, plural, how_many in marked:
        who = people.mia if plural == "channels" else people.eve
        first = await who.post(path, body, Idempotency_Key=KEY)
        assert await who.post(path, body, Idempotency_Key=KEY) == first
        assert len((await who.get(listed_at))[plural]) == how_many, path
        wrong = await who.ask("POST", path, {**body, "unknown": 1}, Idempotency_Key=KEY)
        problem(wrong, 400, "invalid")


async def test_the_same_key_with_other_values_is_refused(people: Cast) -> None:
    await people.bob.post(people.posts, {"text": "one"}, Idempotency_Key=KEY)
    path = f"/api/groups/{people.group['id']}/channels"
    channel = await people.ann.post(path, {"name": "other"})
    for elsewhere, body in (
        (people.posts, {"text": "two"}),
        (f"/api/channels/{channel['id']}/posts", {"text": "one"}),
    ):
        answer = await people.bob.ask("POST", elsewhere, body, Idempotency_Key=KEY)
        problem(answer, 409, "idempotency_key_reused")
    assert len((await people.bob.get(people.posts))["posts"]) == 1


async def test_what_counts_are_the_validated_values_not_their_spelling(people: Cast) -> None:
    first = await people.bob.post("/api/groups", {"name": "chess"}, Idempotency_Key=KEY)
    spelt = {"description": "", "name": "  chess "}
    assert await people.bob.post("/api/groups", spelt, Idempotency_Key=KEY) == first


async def test_a_key_belongs_to_its_user_and_route(people: Cast) -> None:
    first = await people.bob.post(people.posts, {"text": "x"}, Idempotency_Key=KEY)
    other = await people.mia.post(people.posts, {"text": "x"}, Idempotency_Key=KEY)
    assert other["id"] != first["id"]
    await people.bob.post("/api/groups", {"name": "x"}, Idempotency_Key=KEY)


async def test_a_refusal_is_not_kept(people: Cast) -> None:
    path = f"/api/channels/{people.channel['id']}"
    await people.ann.patch(path, {"kind": "announce"})
    await people.bob.post(people.posts, {"text": "x"}, 403, Idempotency_Key=KEY)
    await people.ann.patch(path, {"kind": "open"})
    await people.bob.post(people.posts, {"text": "x"}, 201, Idempotency_Key=KEY)


async def test_a_repeat_is_answered_although_the_thing_is_gone(people: Cast) -> None:
    """The client asks what became of its request, and that has not changed."""
    first = await people.bob.post(people.posts, {"text": "x"}, Idempotency_Key=KEY)
    await people.bob.delete(f"/api/posts/{first['id']}")
    assert await people.bob.post(people.posts, {"text": "x"}, Idempotency_Key=KEY) == first
    assert (await people.bob.get(people.posts))["posts"] == []


async def test_a_key_is_forgotten_after_a_day(people: Cast, services: Services) -> None:
    first = await people.bob.post(people.posts, {"text": "x"}, Idempotency_Key=KEY)
    async with services.database.write() as db:
        yesterday = now() - timedelta(hours=24, seconds=1)
        await db.run(update(IdempotencyKeys), created_at=yesterday)
    later = await people.bob.post(people.posts, {"text": "y"}, Idempotency_Key=KEY)
    assert later["id"] != first["id"]


async def test_a_key_is_1_to_128_printable_characters(people: Cast) -> None:
    for wrong in ("", "x" * 129, "schl\u00fcssel", "a\tb"):
        answer = await people.bob.ask("POST", people.posts, {"text": "x"}, Idempotency_Key=wrong)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"Idempotency-Key"}
    await people.bob.post(people.posts, {"text": "x"}, Idempotency_Key="x" * 128)
    assert len((await people.bob.get(people.posts))["posts"]) == 1


async def test_other_routes_refuse_a_key_and_do_nothing(app: Quart, people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "x"})
    marked = {"groups.create", "memberships.create", "channels.create"}
    marked |= {"posts.create", "files.create", "scores.create"}
    file = await people.bob.upload(b"x")
    values = {"emoji": "👍", "file": "x", "filename": "x", "user_id": people.bob.id}
    values |= {"group_id": people.group["id"], "channel_id": people.channel["id"]}
    values |= {"post_id": post["id"], "session_id": 1, "topic": "group:1", "file_id": file["id"]}
    values |= {"sha256": "0" * 64, "key": "a/key", "score_id": 1}
    asked = 0
    for rule in app.url_map.iter_rules():
        if rule.endpoint in marked or rule.websocket or not rule.rule.startswith("/api"):
            continue
        adapter = app.url_map.bind("localhost")
        given = {name: values[name] for name in rule.arguments}
        path = adapter.build(rule.endpoint, given)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = await people.bob.ask(method, path, Idempotency_Key=KEY)
            assert problem(answer, 400, "invalid")["fields"].keys() == {"Idempotency-Key"}, path
            asked += 1
    assert asked > 25
    await people.bob.get(f"/api/posts/{post['id']}")


@pytest.mark.usefixtures("people")
async def test_an_anonymous_key_is_worth_nothing(app: Quart) -> None:
    nobody = await sign_up(app, app.extensions["homeroom"].database, "gone")
    nobody.headers.clear()
    answer = await nobody.ask("POST", "/api/groups", {"name": "x"}, Idempotency_Key=KEY)
    problem(answer, 401, "not_signed_in")
