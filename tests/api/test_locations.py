"""`Location`: whoever makes something is told its address."""

from typing import Any

import pytest
from quart import Quart

from api.context import Services
from tests.support.cast import Cast
from tests.support.examples import ask, example_of, nameless
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the same on both

WITHOUT_ADDRESS = {  # these are told once, or whoever was let in is among the members
    "POST /api/admin/backups/{}/links",
    "POST /api/admin/users",
    "POST /api/files/{}/links",
    "POST /api/groups/{}/roster",
    "POST /api/groups/{}/roster/{}/link",
    "POST /api/users/{}/reset-links",
    "PUT /api/groups/{}/applications/{}",
}


def takes(app: Quart, path: str) -> set[str]:
    """The methods of an address."""
    adapter = app.url_map.bind("localhost")
    methods = set(adapter.allowed_methods(path))
    assert methods, f"there is no {path}"
    return methods


async def test_whatever_was_made_is_where_the_answer_says(
    app: Quart, services: Services, people: Cast
) -> None:
    world = World(app, services, people)
    document: Any = await people.ann.get("/openapi.json")
    makers = {
        f"{method.upper()} {path}": operation["responses"]["201"]["headers"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "201" in operation["responses"]
    }
    assert {nameless(maker) for maker in makers} > WITHOUT_ADDRESS
    for maker, documented in makers.items():
        example = example_of(maker)
        assert example, maker
        who = await world.person(example.by[0])
        answer = await ask(who, await world.request(example, who))
        assert answer.status == 201, answer
        assert ("Location" in documented) is ("Location" in answer.headers), maker
        if nameless(maker) in WITHOUT_ADDRESS:
            assert "Location" not in answer.headers, maker
            continue
        address = answer.headers.get("Location")
        assert address, f"{maker} does not say where it is"
        if "GET" not in takes(app, address):
            assert "DELETE" in takes(app, address), maker
            continue
        found = await ask(who, ("GET", address, None))
        assert found.status == 200, address
        if isinstance(found.body, dict):
            shared = answer.body.keys() & found.body.keys()
            assert {name: answer.body[name] for name in shared}.items() <= found.body.items(), maker
