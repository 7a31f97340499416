"""How many statements a request costs: a constant number for lists, few for what is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event

from api.context import Services
from tests.support.cast import Cast

AT_MOST_TO_READ = 6
AT_MOST_TO_WRITE = 10

# What other tasks execute meanwhile, such as the feed, is not counted
mine: ContextVar[list[str] | None] = ContextVar("mine", default=None)


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """What is executed on behalf of this task; BEGIN and COMMIT are no statements here."""

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if (statements := mine.get()) is not None:
            statements.append(statement)

    engines = [services.database.readers.sync_engine, services.database.writers.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    statements: list[str] = []
    token = mine.set(statements)
    try:
        yield statements
    finally:
        mine.reset(token)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


async def write(people: Cast, how_many: int) -> dict[str, Any]:
    """Posts by all, each with replies and reactions, and scores; the last post."""
    post: dict[str, Any] = {}
    for n in range(how_many):
        who = (people.ann, people.mia, people.bob)[n % 3]
        post = await who.post(people.posts, {"text": str(n)})
        for replier in (people.ann, people.bob):
            await replier.post(people.posts, {"text": "a reply", "parent_id": post["id"]})
        score = {"game": "snake", "points": n}
        await who.post(f"/api/channels/{people.channel['id']}/scores", score)
        for person, emoji in ((people.ann, "👍"), (people.bob, "👍"), (people.mia, "🎉")):
            await person.put(f"/api/posts/{post['id']}/reactions/{emoji}")
    return post


async def test_a_list_of_twenty_costs_as_many_statements_as_one_of_two(
    services: Services, people: Cast
) -> None:
    path = f"/api/groups/{people.group['id']}"
    lists = [people.posts, f"{path}/channels", f"{path}/members", "/api/groups", "/api/users"]
    scores = f"/api/channels/{people.channel['id']}/scores?game=snake"
    lists += [f"{scores}&before=1", f"{scores}&order=latest"]
    costs: list[dict[str, int]] = []
    for more in (2, 18):
        post = await write(people, more)
        for n in range(more):
            await people.ann.post(f"{path}/channels", {"name": str(n)})
            await people.bob.post("/api/groups", {"name": str(n)})
            await people.bob.post(people.posts, {"text": "a reply", "parent_id": post["id"]})
        cost = {}
        found = "/api/search?q=reply"
        for listed in (*lists, f"/api/posts/{post['id']}/replies", "/api/sessions", found):
            with counted(services) as statements:
                await people.bob.get(listed)
            cost[listed.replace(str(post["id"]), "one")] = len(statements)
        costs.append(cost)
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= AT_MOST_TO_READ, costs[0]
    assert min(costs[0].values()) >= 2, "signing in and the list: they are really counted"


async def test_one_thing_costs_few_statements(services: Services, people: Cast) -> None:
    post = await write(people, 1)
    for path in (
        f"/api/posts/{post['id']}",
        f"/api/channels/{people.channel['id']}",
        f"/api/groups/{people.group['id']}",
        f"/api/users/{people.ann.id}",
        "/api/me",
    ):
        with counted(services) as statements:
            await people.bob.get(path)
        assert 2 <= len(statements) <= AT_MOST_TO_READ, statements


async def test_what_is_written_costs_few_statements(services: Services, people: Cast) -> None:
    post = await write(people, 1)
    mine_, one = people.posts, f"/api/posts/{post['id']}"
    scores = f"/api/channels/{people.channel['id']}/scores"
    score = await people.ann.post(scores, {"game": "snake", "points": 1})
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    acts: dict[str, tuple[str, str, object]] = {
        "post": ("POST", mine_, {"text": "x"}),
        "play": ("POST", scores, {"game": "snake", "points": 1}),
        "take a score back": ("DELETE", f"/api/scores/{score['id']}", None),
        "name": ("POST", mine_, {"text": "@bob and @mia"}),
        "reply": ("POST", mine_, {"text": "x", "parent_id": post["id"]}),
        "react": ("PUT", f"{one}/reactions/🎈", None),
        "take back": ("DELETE", f"{one}/reactions/🎈", None),
        "edit": ("PATCH", one, {"text": "y"}),
        "read": ("PUT", f"/api/channels/{people.channel['id']}/read-mark", {"post_id": 1}),
        "delete": ("DELETE", one, None),
        "make a group": ("POST", "/api/groups", {"name": "x"}),
        "rename": ("PATCH", "/api/me", {"name": "x"}),
    }
    costs = {}
    for name, act in acts.items():
        with counted(services) as statements:
            answer = await people.ann.ask(*act)
        assert answer.status < 300, answer
        costs[name] = len(statements)
    with counted(services) as statements:
        await people.eve.post("/api/memberships", {"join_code": code["join_code"]})
    costs["join"] = len(statements)
    assert all(3 <= cost <= AT_MOST_TO_WRITE for cost in costs.values()), costs
    assert costs["name"] - costs["post"] == 2, "who they are, and what they are told"


async def test_a_key_costs_two_statements_more(services: Services, people: Cast) -> None:
    costs = []
    for headers in ({}, {"Idempotency_Key": "once"}):
        with counted(services) as statements:
            await people.bob.post(people.posts, {"text": "x"}, 201, **headers)
        costs.append(len(statements))
    assert costs[1] - costs[0] == 2
