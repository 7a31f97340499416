"""`Idempotency-Key`: a request repeated with its key is carried out once, and answered alike."""

import asyncio
from datetime import timedelta

import pytest
from quart import Quart
from sqlalchemy import func, select, update

from api.context import Services
from model.database.table import now
from model.idempotency import IdempotencyKeys
from model.log.event import Events
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.examples import (
    Example,
    ask,
    example_of,
    examples,
    filled,
    nameless,
    parameters,
)
from tests.support.people import Person, sign_up
from tests.support.references import resolved
from tests.support.world import World

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


async def taking_a_key(people: Cast) -> set[str]:
    """The operations that take a key, by the OpenAPI document."""
    document = resolved(await people.ann.get("/openapi.json"))
    return {
        nameless(f"{method.upper()} {path}")
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if ("header", "Idempotency-Key") in {(p["in"], p["name"]) for p in operation["parameters"]}
    }


async def test_each_marked_route_takes_a_key(app: Quart, services: Services, people: Cast) -> None:
    world = World(app, services, people)
    marked, tried = await taking_a_key(people), set[str]()
    for example in examples():
        operation = nameless(example.operation)
        if operation not in marked - tried:
            continue
        tried.add(operation)
        who = await world.person(example.by[0])
        reader = people.ann if "guest" in example.by else who
        values = await world.values(example, who)
        for name in parameters(example.list_path):
            values[name] = (await world.thing(name, who)).name
        path, body = filled(example.path, values), filled(example.body, values)
        before = await counted(reader, filled(example.list_path, values))
        request = (example.method, path, body)
        first = await ask(who, request, Idempotency_Key=KEY)
        assert first.status == 201, first
        again = await ask(who, request, Idempotency_Key=KEY)
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["Location"] == first.headers["Location"]
        replayed = [answer.headers.get("Idempotency-Replayed") for answer in (first, again)]
        assert replayed == [None, "true"], path
        after = await counted(reader, filled(example.list_path, values))
        assert after is None or after == (before or 0) + 1, path
        if not isinstance(body, bytes):
            wrong = await who.ask("POST", path, {**body, "unknown": 1}, Idempotency_Key=KEY)
            problem(wrong, 400, "invalid")
    assert tried == marked


async def counted(reader: Person, path: str) -> int | None:
    """How long a list is, where there is one."""
    answer = await reader.ask("GET", path)
    if answer.status != 200:
        return None
    return next(len(value) for value in answer.body.values() if isinstance(value, list))


async def test_whoever_makes_something_may_send_a_key(people: Cast) -> None:
    """A route answers 201 with what has an id: then it is `@idempotent`."""
    document = resolved(await people.ann.get("/openapi.json"))
    makes = set()
    for path, methods in document["paths"].items():
        made = methods.get("post", {}).get("responses", {}).get("201")
        if made and methods["post"]["security"]:
            view = made["content"]["application/json"]["schema"]
            if "id" in view["properties"]:
                makes.add(nameless(f"POST {path}"))
    assert makes == await taking_a_key(people)


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


async def test_other_routes_refuse_a_key_and_do_nothing(
    app: Quart, services: Services, people: Cast
) -> None:
    world = World(app, services, people)
    document = resolved(await people.ann.get("/openapi.json"))
    marked = await taking_a_key(people)
    requests = []
    for path, methods in document["paths"].items():
        for method in methods:
            operation = f"{method.upper()} {path}"
            if path.startswith("/api") and nameless(operation) not in marked:
                example = example_of(operation) or Example(operation)
                who = await world.asker(operation)
                values = await world.values(example, who)
                requests.append((who, example.method, filled(example.path, values)))
    before = await events(services)
    for who, method, path in requests:
        answer = await who.ask(method, path, Idempotency_Key=KEY)
        assert problem(answer, 400, "invalid")["fields"].keys() == {"Idempotency-Key"}, path
    assert len(requests) > 25
    assert await events(services) == before


async def events(services: Services) -> int:
    """How many there are: whoever changes something records one."""
    async with services.database.read() as db:
        return await db.scalar_one(select(func.count()).select_from(Events))


@pytest.mark.usefixtures("people")
async def test_an_anonymous_key_is_worth_nothing(app: Quart, services: Services) -> None:
    nobody = await sign_up(app, services.database, "gone")
    nobody.headers.clear()
    answer = await nobody.ask("POST", "/api/groups", {"name": "x"}, Idempotency_Key=KEY)
    problem(answer, 401, "not_signed_in")
