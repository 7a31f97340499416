"""Lists are paged by key: in both directions, without holes, whatever is added meanwhile."""

from typing import Any

from quart import Quart

from api.context import Services
from model.session import open_session
from model.user import find_account
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import Person, sign_up

HOW_MANY = 7


async def posts(_app: Quart, _services: Services, people: Cast) -> str:
    for n in range(HOW_MANY):
        await people.ann.post(people.posts, {"text": str(n)})
    return people.posts


async def scores(_app: Quart, _services: Services, people: Cast) -> str:
    path = f"/api/channels/{people.channel['id']}/scores"
    for n in range(HOW_MANY):
        await people.ann.post(path, {"game": "snake", "points": n % 2})
    return f"{path}?game=snake&order=latest"


async def replies(_app: Quart, _services: Services, people: Cast) -> str:
    post = await people.ann.post(people.posts, {"text": "?"})
    for n in range(HOW_MANY):
        await people.ann.post(people.posts, {"text": str(n), "parent_id": post["id"]})
    return f"/api/posts/{post['id']}/replies"


async def groups(_app: Quart, _services: Services, people: Cast) -> str:
    for n in range(HOW_MANY - 1):
        await people.bob.post("/api/groups", {"name": str(n)})
    return "/api/groups"


async def channels(_app: Quart, _services: Services, people: Cast) -> str:
    path = f"/api/groups/{people.group['id']}/channels"
    for n in range(HOW_MANY - 1):
        await people.ann.post(path, {"name": str(n)})
    return path


async def members(app: Quart, services: Services, people: Cast) -> str:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    for n in range(HOW_MANY - 3):
        guest = await sign_up(app, services.database, f"guest{n}")
        await guest.post("/api/memberships", {"join_code": code["join_code"]})
    return f"/api/groups/{people.group['id']}/members"


async def users(app: Quart, services: Services, people: Cast) -> str:
    del app, services, people  # the members of the list before
    return "/api/users"


async def sessions(_app: Quart, services: Services, people: Cast) -> str:
    async with services.database.write() as db:
        bob = await find_account(db, people.bob.id)
        for _ in range(HOW_MANY - 1):
            await open_session(db, bob, "tests")
    return "/api/sessions"


LISTS = (
    (posts, "posts", True),
    (scores, "scores", True),
    (replies, "posts", False),
    (groups, "groups", False),
    (channels, "channels", False),
    (members, "members", False),
    (users, "users", False),
    (sessions, "sessions", True),
)


async def test_each_list_is_walked_in_both_directions(
    app: Quart, services: Services, people: Cast
) -> None:
    for make, plural, newest_first in LISTS:
        path = await make(app, services, people)
        await walk_both_ways(people.bob, path, plural, newest_first=newest_first)


async def walk_both_ways(bob: Person, path: str, plural: str, *, newest_first: bool) -> None:
    asked = f"{path}&" if "?" in path else f"{path}?"

    async def ask(query: str) -> tuple[list[int], int | None]:
        listed: dict[str, Any] = await bob.get(asked + query)
        return [thing["id"] for thing in listed[plural]], listed["next"]

    async def walk(direction: str, query: str) -> list[int]:
        found, following = await ask(query)
        while following is not None:
            assert following == found[-1]
            more, following = await ask(f"limit=3&{direction}={following}")
            assert 0 < len(more) <= 3
            found += more
        return found

    everything, following = await ask("limit=100")
    assert (len(everything), following) == (HOW_MANY, None)
    assert everything == sorted(everything, reverse=newest_first)
    assert await ask(f"limit={HOW_MANY}") == (everything, None), "no next page, so none is promised"
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
        answer = await bob.ask("GET", asked + query)
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
