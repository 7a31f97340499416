"""How much a body or a query may hold: little from strangers, and twenty mistakes are enough."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from quart import Quart

from tests.api.browser import browser, problem
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.references import parts, resolved

KIB = 1024
MOST_NAMED = 20
TOO_LARGE = "content_too_large"


@pytest.fixture
async def routes(visitor: Visitor) -> dict[tuple[str, str], Any]:
    """What the OpenAPI document says of each method and path; every id in a path is 1."""
    document = resolved(await visitor.get("/openapi.json"))
    return {
        (method.upper(), re.sub(r"\{\w+\}", "1", path)): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


PUBLIC = [
    "/api/account-links", "/api/email-confirmations", "/api/password-resets",
    "/api/password-resets", "/api/sessions", "/api/users",
]  # fmt: skip


def forms(routes: dict[tuple[str, str], Any]) -> Iterator[tuple[str, str, bool]]:
    """Method and path of each route that takes a form as JSON; whether strangers may send it."""
    for (method, path), operation in routes.items():
        content = operation.get("requestBody", {}).get("content", {})
        if "properties" in content.get("application/json", {}).get("schema", {}):
            yield method, path, not operation["security"]


async def test_strangers_send_16_kib_and_members_128(
    app: Quart, people: Cast, routes: dict[tuple[str, str], Any]
) -> None:
    page = browser(app, headers=people.bob.headers)
    public = [path for _, path, is_public in forms(routes) if is_public]
    assert sorted(public) == PUBLIC
    for method, path, is_public in forms(routes):
        most_kib = 16 if is_public else 128
        fits = await page.ask(method, path, b" " * (most_kib * KIB - 2) + b"[]")
        problem(fits, 400, "invalid")
        more = await page.ask(method, path, b" " * (most_kib * KIB - 1) + b"[]")
        assert f"{most_kib} KiB" in problem(more, 413, TOO_LARGE)["detail"], path
        assert f"{most_kib} KiB" in routes[method, path]["responses"]["413"]["description"]


async def test_the_longest_post_fits_however_it_is_written(people: Cast) -> None:
    body = json.dumps({"text": "\U0001f600" * 10_000, "parent_id": None}).encode()
    assert len(body) > 120_000, "twelve bytes for each"
    post = await people.bob.post(people.posts, body)
    await people.bob.patch(f"/api/posts/{post['id']}", body.replace(b', "parent_id": null', b""))


async def test_of_thousands_of_unknown_fields_twenty_are_named_and_the_others_counted(
    app: Quart, people: Cast, routes: dict[tuple[str, str], Any]
) -> None:
    page = browser(app, headers=people.ann.headers)
    many = json.dumps({f"f{n}": n for n in range(1000)}).encode()
    for method, path, _ in forms(routes):
        wrong = problem(await page.ask(method, path, many), 400, "invalid")
        assert len(wrong["fields"]) == MOST_NAMED, path
        assert "980 more" in wrong["detail"], path


async def test_of_thousands_of_unknown_parameters_twenty_are_named_and_the_others_counted(
    people: Cast, routes: dict[tuple[str, str], Any]
) -> None:
    many = "&".join(f"p{n}={n}" for n in range(1000))
    listed = [
        path
        for (method, path), operation in routes.items()
        if method == "GET" and any(given["in"] == "query" for given in operation["parameters"])
    ]
    assert len(listed) > 10
    for path in listed:
        wrong = problem(await people.ann.ask("GET", f"{path}?{many}"), 400, "invalid")
        assert len(wrong["fields"]) == MOST_NAMED, path
        assert "980 more" in wrong["detail"], path


def test_each_list_of_a_body_has_an_end(routes: dict[tuple[str, str], Any]) -> None:
    for name, operation in routes.items():
        for part in parts(operation.get("requestBody")):
            assert part.get("type") != "array" or "maxItems" in part, name


async def test_of_thousands_of_wrong_elements_none_is_looked_at(people: Cast) -> None:
    """A list that is too long is refused for its length, however wrong each of its elements is."""
    many = {"text": "x", "file_ids": ["no id"] * 5000}
    fields = problem(await people.bob.ask("POST", people.posts, many), 400, "invalid")["fields"]
    assert fields.keys() == {"file_ids"}
    few = {"text": "x", "file_ids": [1, "no id", 2, None]}
    fields = problem(await people.bob.ask("POST", people.posts, few), 400, "invalid")["fields"]
    assert fields.keys() == {"file_ids.1", "file_ids.3"}


async def test_twenty_mistakes_are_named_without_a_count(people: Cast) -> None:
    for unknown, named in ((20, 20), (21, 20)):
        body = {"text": "x", **{f"f{n}": n for n in range(unknown)}}
        wrong = problem(await people.bob.ask("POST", people.posts, body), 400, "invalid")
        assert len(wrong["fields"]) == named
        assert ("1 more" in wrong["detail"]) is (unknown > named)
