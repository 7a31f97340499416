"""How many statements a request costs: a constant number for lists, few for what is written."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import Engine, event, update

from api.context import Services
from api.setting_kinds import Switch
from model.database.statement import SQLITE, Prepared, Statements
from model.database.table import now
from model.session import Sessions
from model.user import Users
from tests.support.cast import Cast
from tests.support.examples import Example, ask, examples, filled, parameters
from tests.support.references import resolved
from tests.support.world import World

AT_MOST_TO_READ = 6
AT_MOST_TO_WRITE = 10
AT_MOST_FOR_MUCH = 24
MUCH = {  # they touch many tables, or come in several steps
    "DELETE /api/me",
    "DELETE /api/admin/groups/{group_id}",
    "DELETE /api/groups/{group_id}",
    "DELETE /api/users/{user_id}",
    "GET /api/admin/acts.csv",
    "POST /api/admin/users",
    "POST /api/files",
    "POST /api/groups/{group_id}/roster",
    "POST /api/groups/{group_id}/roster/{unclaimed_id}/link",
    "POST /api/memberships",
    "POST /api/sessions",
    "POST /api/sessions/current/confirmation",
    "POST /api/users/{user_id}/reset-links",
    "PUT /api/groups/{group_id}/bans/{newcomer_id}",
    "PUT /api/admin/groups/{group_id}/membership",
    "PUT /api/admin/groups/{group_id}/owner",
    "PUT /api/me/avatar",
    "PUT /api/me/password",
    "PUT /api/password-resets",
    "PUT /api/channels/{private_channel_id}/members/{user_id}",
}

BY_LINK_ALONE = {"/api/admin/backups/{backup_id}/file"}

# What other tasks execute meanwhile, such as the feed, is not counted
mine: ContextVar[list[str] | None] = ContextVar("mine", default=None)


@contextmanager
def counted() -> Iterator[list[str]]:
    """What is executed on behalf of this task; BEGIN and COMMIT are no statements here."""

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if (statements := mine.get()) is not None:
            statements.append(statement)

    prepare = Statements.prepared

    def note_prepared(self: Statements, *asked: Any) -> Prepared:
        found = prepare(self, *asked)
        note(None, None, found.sql)
        return found

    event.listen(Engine, "before_cursor_execute", note)
    statements: list[str] = []
    token = mine.set(statements)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Statements, "prepared", note_prepared)
            yield statements
    finally:
        mine.reset(token)
        event.remove(Engine, "before_cursor_execute", note)


async def write(people: Cast, how_many: int) -> dict[str, Any]:
    """Posts by all, each with replies and reactions; the last post."""
    post: dict[str, Any] = {}
    for n in range(how_many):
        who = (people.ann, people.mia, people.bob)[n % 3]
        post = await who.post(people.posts, {"text": str(n)})
        for replier in (people.ann, people.bob):
            await replier.post(people.posts, {"text": "a reply", "parent_id": post["id"]})
        for person, emoji in ((people.ann, "👍"), (people.bob, "👍"), (people.mia, "🎉")):
            await person.put(f"/api/posts/{post['id']}/reactions/{emoji}")
    return post


class Lists:
    """The list of each example, and what makes it longer."""

    def __init__(self, world: World, post: dict[str, Any]) -> None:
        self.world = world
        self.values = {**world.standing, "post_id": post["id"]}
        self.longer: dict[str, Example] = {}

    async def lengthen(self, more: int) -> None:
        for example in examples():
            is_listed = (example.makes or example.listed) and example.method == "POST"
            if is_listed and not example.few:
                await self._lengthen(example, more)

    async def _lengthen(self, example: Example, more: int) -> None:
        path = filled(example.list_path, self.values)
        for _ in range(more):
            who = await self.world.person("bob" if "bob" in example.by else example.by[0])
            given = {name: self.values[name] for name in parameters(example.list_path)}
            answer = await ask(who, await self.world.request(example, who, **given))
            assert answer.status == 201, answer
        if (await self.world.people.bob.ask("GET", path)).status == 200:
            self.longer[path] = example


async def test_a_list_of_twenty_costs_as_many_statements_as_one_of_two(
    app: Quart, services: Services, people: Cast
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    post = await write(people, 2)
    lists = Lists(World(app, services, people), post)
    best = f"/api/channels/{people.channel['id']}/scores?game=snake&before=1"
    costs: list[dict[str, int]] = []
    for more in (2, 18):
        await write(people, more)
        await lists.lengthen(more)
        cost = {}
        for listed in (*lists.longer, best, "/api/search?q=reply"):
            with counted() as statements:
                await people.bob.get(listed)
            cost[listed] = len(statements)
        costs.append(cost)
    assert len(costs[0]) > 8
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= AT_MOST_TO_READ, costs[0]
    assert min(costs[0].values()) >= 2, "signing in and the list: they are really counted"


async def test_a_list_that_was_read_already_costs_no_rows(people: Cast) -> None:
    """Who asks, whether she may, and how far the topics go: nothing of what is listed."""
    await write(people, 2)
    with counted() as listing:
        listed = await people.bob.ask("GET", people.posts)
    assert any("FROM posts" in statement for statement in listing)
    tag = listed.headers["ETag"]
    for who, has, status in ((people.bob, tag, 304), (people.mia, "", 200)):
        with counted() as asking:
            again = await who.ask("GET", people.posts, **{"If_None_Match": has} if has else {})
        assert (again.status, len(asking)) == (status, 3), asking
        assert not any("FROM posts" in statement for statement in asking)
    assert again.body == listed.body


async def test_one_thing_costs_few_statements(app: Quart, services: Services, people: Cast) -> None:
    world = World(app, services, people)
    document = resolved(await people.ann.get("/openapi.json"))
    shown = []
    for path, methods in document["paths"].items():
        if path.startswith("/api/") and methods.get("get", {}).get("security"):
            taken = methods["get"]["parameters"]
            needed = [
                f"{one['name']}=x" for one in taken if one["in"] == "query" and one.get("required")
            ]
            if "limit" not in {one["name"] for one in taken} and path not in BY_LINK_ALONE:
                shown.append("?".join([path, *needed]))
    assert len(shown) > 5
    for path in shown:
        who = people.root if path.startswith("/api/admin") else people.ann
        values = await world.values(Example(f"GET {path}"), who)
        with counted() as statements:
            answer = await who.ask("GET", filled(path, values))
        if answer.status != 409:  # a file that is no picture
            assert answer.status == 200, (path, answer)
            most = AT_MOST_FOR_MUCH if f"GET {path}" in MUCH else AT_MOST_TO_READ
            assert 2 <= len(statements) <= most, (path, statements)


async def test_what_is_written_costs_few_statements(
    app: Quart, services: Services, people: Cast
) -> None:
    world = World(app, services, people)
    for example in examples():
        who = await world.person(example.by[0])
        request = await world.request(example, who)
        with counted() as statements:
            answer = await ask(who, request)
        assert answer.status < 300, (example.operation, answer)
        most = AT_MOST_FOR_MUCH if example.operation in MUCH else AT_MOST_TO_WRITE
        assert 1 <= len(statements) <= most, (example.operation, statements)


async def test_to_name_people_costs_two_statements_more(people: Cast) -> None:
    """Who they are, and what they are told."""
    await people.ann.post(people.posts, {"text": "the first one"})
    costs = []
    for text in ("x", "@bob and @mia"):
        with counted() as statements:
            await people.ann.post(people.posts, {"text": text})
        costs.append(len(statements))
    assert costs[1] - costs[0] == 2


async def test_a_key_costs_two_statements_more(people: Cast) -> None:
    await people.bob.post(people.posts, {"text": "the first one"})
    costs = []
    for headers in ({}, {"Idempotency_Key": "once"}):
        with counted() as statements:
            await people.bob.post(people.posts, {"text": "x"}, 201, **headers)
        costs.append(len(statements))
    assert costs[1] - costs[0] == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_to_stay_signed_in_costs_a_request_nothing(people: Cast, services: Services) -> None:
    """It is noted, and written beside the requests."""
    costs = []
    async with services.database.write() as db:
        await db.run(update(Users), last_seen_on=now())
    for days_left in (30, 20):
        async with services.database.write() as db:
            await db.run(update(Sessions), expires_at=now() + timedelta(days=days_left))
        with counted() as statements:
            await people.bob.get("/api/me")
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert not services.used_sessions.noted.is_set()


async def test_who_asks_is_looked_up_once_for_what_is_written(people: Cast) -> None:
    """In its own transaction: only a stranger, and who comes for the first time, also before."""
    costs = []
    for text in ("first", "second"):
        with counted() as statements:
            await people.bob.post(people.posts, {"text": text})
        costs.append(sum("sessions" in statement for statement in statements))
    assert costs == [2, 1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_statement_is_compiled_twice(
    app: Quart, services: Services, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are constants of their modules: one that is made for a call is compiled for it."""
    compiled: list[str] = []
    prepare = Statements._prepare

    def note(self: Statements, *asked: Any) -> Prepared:
        found = prepare(self, *asked)
        compiled.append(found.sql)
        return found

    monkeypatch.setattr(Statements, "_prepare", note)
    monkeypatch.setattr(SQLITE, "_known", {})
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    world = World(app, services, people)
    document = resolved(await people.ann.get("/openapi.json"))
    shown = [Example(f"GET {path}") for path, ways in document["paths"].items() if "get" in ways]
    for example in (*examples(), *shown):
        for _ in range(2):
            who = await world.person(example.by[0])
            await ask(who, await world.request(example, who))
    assert len(compiled) > 100
    assert [sql for sql, times in Counter(compiled).items() if times > 1] == []
