"""Lists are paged by key: in both directions, without holes, whatever is added meanwhile."""

from typing import Any

from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.examples import Example, ask, examples, filled, nameless
from tests.support.people import Person
from tests.support.references import resolved
from tests.support.world import World

HOW_MANY = 7
ELSEWHERE = {  # without a number of its own, growing by itself, or a few: with tests of their own
    "/api/admin/acts",
    "/api/admin/backups",
    "/api/channels/{channel_id}/documents",
    "/api/groups/{group_id}/applications",
    "/api/groups/{group_id}/bans",
    "/api/me/applications",
    "/api/me/documents",
    "/api/me/exports",
    "/api/me/mentions",
}


async def test_each_list_is_walked_in_both_directions(
    app: Quart, services: Services, people: Cast
) -> None:
    """`EXAMPLES` of the test file of a resource say what makes its list longer."""
    document = resolved(await people.ann.get("/openapi.json"))
    paged = {
        nameless(path)
        for path, methods in document["paths"].items()
        for parameters in [methods.get("get", {}).get("parameters", [])]
        if {"before", "after"} <= {parameter["name"] for parameter in parameters}
    }
    world = World(app, services, people)
    walked = set(map(nameless, ELSEWHERE))
    for example in examples():
        path = nameless(example.list_path)
        if example.method == "POST" and path in paged - walked:
            walked.add(path)
            who = await world.person(example.by[0])
            reader = people.ann if "guest" in example.by else who
            values = await world.values(Example(f"LIST {example.list_path}"), who)
            listed_at = filled(example.list_path, values)
            before = len(_listed(await reader.get(listed_at)))
            for _ in range(HOW_MANY):
                who = await world.person(example.by[0])
                answer = await ask(who, await world.request(example, who, **values))
                assert answer.status == 201, answer
            await walk_both_ways(
                reader, listed_at, before + HOW_MANY, newest_first=not example.oldest_first
            )
    assert walked == paged, "an example for each list, or a test of its own"


def _listed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """What is listed; beside it there may be a list of what belongs to it."""
    found: list[dict[str, Any]] = next(v for v in answer.values() if isinstance(v, list))
    return found


async def walk_both_ways(who: Person, path: str, how_many: int, *, newest_first: bool) -> None:
    asked = f"{path}&" if "?" in path else f"{path}?"

    async def ask(query: str) -> tuple[list[int], int | None]:
        listed: dict[str, Any] = await who.get(asked + query)
        return [thing["id"] for thing in _listed(listed)], listed["next"]

    async def walk(direction: str, query: str) -> list[int]:
        found, following = await ask(query)
        while following is not None:
            assert following == found[-1]
            more, following = await ask(f"limit=3&{direction}={following}")
            assert 0 < len(more) <= 3
            found += more
        return found

    everything, following = await ask("limit=100")
    assert (len(everything), following) == (how_many, None)
    assert everything == sorted(everything, reverse=newest_first)
    assert await ask(f"limit={how_many}") == (everything, None), "no next page, so none is promised"
    assert await walk("before" if newest_first else "after", "limit=3") == everything
    upwards, downwards = sorted(everything), sorted(everything, reverse=True)
    assert await walk("after", f"limit=3&after={upwards[0]}") == upwards[1:]
    assert await walk("before", f"limit=3&before={downwards[0]}") == downwards[1:]
    assert await ask(f"before={upwards[0]}") == ([], None)
    assert await ask(f"after={downwards[0]}") == ([], None)
    for query, field in (
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
        ("limit=1&limit=2", "limit"), ("before=1&after=2", "after"), ("page=2", "page"),
        ("before=0", "before"), ("after=-1", "after"), (f"before={2**63}", "before"),
        (f"after={'9' * 5000}", "after"), ("after=1.5", "after"), ("limit[]=5", "limit"),
        ("before=%00", "before"), ("%FF=1", "%FF"),
    ):  # fmt: skip
        answer = await who.ask("GET", asked + query)
        assert problem(answer, 400, "invalid")["fields"].keys() == {field}, query


async def test_what_comes_and_goes_meanwhile_makes_no_hole_and_no_double(people: Cast) -> None:
    ids = [(await people.ann.post(people.posts, {"text": "x"}))["id"] for _ in range(6)]
    first = await people.bob.get(f"{people.posts}?limit=3")
    await people.ann.post(people.posts, {"text": "newer"})
    await people.ann.delete(f"/api/posts/{first['next']}")
    await people.ann.delete(f"/api/posts/{ids[1]}")
    second = await people.bob.get(f"{people.posts}?limit=3&before={first['next']}")
    assert [post["id"] for post in second["posts"]] == [ids[2], ids[0]]


async def test_a_list_says_where_it_stands_in_the_log(people: Cast) -> None:
    topic = f"channel:{people.channel['id']}"
    before = (await people.bob.get(people.posts))["live"]
    await people.ann.post(people.posts, {"text": "x"})
    after = (await people.bob.get(people.posts))["live"]
    assert before["epoch"] == after["epoch"]
    assert after["topics"] == {topic: before["topics"][topic] + 1}
