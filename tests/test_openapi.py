"""The OpenAPI document: complete, valid, and true of whatever is asked."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from quart import Quart
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from werkzeug.routing import Rule

from api.context import Services
from api.settings import Switch
from tests.support.cast import Cast
from tests.support.examples import Example, example_of, examples, nameless, parameters
from tests.support.people import Person, Visitor
from tests.support.world import World

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
UNDOCUMENTED = {"live.follow", "stream.follow"}  # see the AsyncAPI document
EXAMPLES = 6
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture
async def document(visitor: Visitor) -> Any:
    return await visitor.get("/openapi.json")


def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_in_the_document(app: Quart, document: Any) -> None:
    found = operations(document)
    wanted = {
        f"{method} {written(rule)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api", "/health", "/ready")) and rule.endpoint not in UNDOCUMENTED
        for method in (rule.methods or set()) & METHODS
    }
    assert found.keys() == wanted
    assert len({operation["operationId"] for operation in found.values()}) == len(found)


def test_every_route_says_what_it_takes_answers_and_needs(app: Quart, document: Any) -> None:
    problem = {"$ref": "#/components/schemas/ProblemView"}
    for name, operation in operations(document).items():
        method, path = name.split()
        assert operation["summary"], name
        parameters = {(p["in"], p["name"]): p for p in operation["parameters"]}
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert {given for where, given in parameters if where == "path"} == in_path, name
        answers = operation["responses"]
        good = [status for status in answers if status < "400"]
        may_make = method == "PUT" and {"200", "201"} <= answers.keys()
        made = [status for status in good if status in {"200", "201", "204"}]
        assert len(made) == 1 + may_make, name
        assert ("content" in answers[good[0]]) is (good[0] != "204"), name
        if ("header", "If-None-Match") in parameters:
            assert "ETag" in answers["304" if method == "GET" else "412"]["headers"], name
        for status in answers.keys() - set(good):
            content = answers[status]["content"]
            assert content == {"application/problem+json": {"schema": problem}}, name
        assert {"400", "429", "503"} <= answers.keys(), name
        view = app.view_functions[_endpoint(app, method, path)]
        is_public = getattr(view, "is_public", False)
        assert operation["security"] == ([] if is_public else [{"bearer": []}, {"cookie": []}])
        assert ("401" in answers) or is_public, name
        takes_key = ("header", "Idempotency-Key") in parameters
        assert takes_key is getattr(view, "is_idempotent", False), name
        if "requestBody" in operation:
            assert operation["requestBody"]["required"] is True
            content, *others = operation["requestBody"]["content"].values()
            takes_anything = (content, "takes_json" in vars(view)) == ({}, True)
            is_form = not others and content.get("schema", {}).get("additionalProperties") is False
            assert takes_anything or is_form, name
            assert {"413", "415"} <= answers.keys(), name


def written(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _endpoint(app: Quart, method: str, path: str) -> str:
    for rule in app.url_map.iter_rules():
        if written(rule) == path and method in (rule.methods or set()):
            return str(rule.endpoint)
    raise AssertionError(path)


def test_the_document_is_valid_openapi(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert set(document["components"]["securitySchemes"]) == {"bearer", "cookie"}
    described = document["components"]["schemas"]

    references = [part["$ref"] for part in parts(document) if isinstance(part.get("$ref"), str)]
    named = {reference.removeprefix("#/components/schemas/") for reference in references}
    assert named - described.keys() == set(), "what is referred to is there"


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects that are in a part of the document, the part itself among them."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from parts(part)


def test_every_number_that_a_body_may_have_fits_into_the_database(document: Any) -> None:
    """Beyond 64 bits the database fails, and that is told as a fault of the server."""
    numbers = [
        (name, part)
        for name, operation in operations(document).items()
        for part in parts(operation.get("requestBody"))
        if part.get("type") == "integer"
    ]
    assert len(numbers) > 3
    for name, number in numbers:
        assert {"minimum", "maximum"} <= number.keys(), f"{name}: {number}"


def test_code_generated_from_the_document_keeps_its_class_live(document: Any) -> None:
    followed = [part["live"] for part in parts(document["paths"]) if "live" in part]
    assert len(followed) > 10
    for schema in followed:
        assert schema == {"$ref": "#/components/schemas/Live"}


async def test_who_has_the_document_is_told_so(visitor: Visitor) -> None:
    first = await visitor.ask("GET", "/openapi.json")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = await visitor.ask("GET", "/openapi.json", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    other = await visitor.ask("GET", "/openapi.json", If_None_Match='"another"')
    assert other.status == 200


def test_everything_that_changes_something_has_an_example(document: Any) -> None:
    """In the test file of its resource: the tests of all resources try it from there."""
    changes = {name for name in operations(document) if not name.startswith("GET ")}
    api = {name for name in changes if name.partition(" ")[2].startswith("/api")}
    assert {name for name in api if example_of(name) is None} == set()
    known = set(map(nameless, api))
    assert [one.operation for one in examples() if nameless(one.operation) not in known] == []


async def there(world: World, operation: str) -> tuple[dict[str, Any], Person]:
    """The values of its path, for things that are there, and who asks."""
    who = await world.asker(operation)
    example = example_of(operation) or Example(operation)
    values = await world.values(example, who)
    given = [values[name] for name in parameters(example.path)]
    return dict(zip(parameters(operation), given, strict=True)), who


def ask_often(
    operation: Any, url: str, world: World, checks: Any, loop: asyncio.AbstractEventLoop
) -> set[int]:
    """The statuses that were answered; raises what is not as documented."""
    positive, negative = (operation.as_strategy(mode) for mode in GenerationMode)
    answered = set()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(positive, negative), with_real_ids=st.sampled_from([True, True, False]))
    def ask(*, case: Any, with_real_ids: bool) -> None:
        asked = there(world, f"{case.operation.method.upper()} {case.operation.path}")
        values, who = asyncio.run_coroutine_threadsafe(asked, loop).result(timeout=20)
        if with_real_ids:
            case.path_parameters = {name: values[name] for name in case.path_parameters or {}}
        response = case.call(base_url=url, headers=who.headers)
        case.validate_response(response, checks=checks, headers=who.headers)
        answered.add(response.status_code)

    ask()
    return answered


@pytest.mark.filterwarnings("default")  # of schemathesis
async def test_whatever_is_asked_is_answered_as_documented(
    app: Quart, services: Services, people: Cast, document: Any, url: str
) -> None:
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    world, loop = World(app, services, people), asyncio.get_running_loop()
    load_all_checks()
    checks = CHECKS.get_by_names(list(CHECKED))
    schema = schemathesis.openapi.from_dict(document)
    statuses: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr] # raises if it is not right
        asked = asyncio.to_thread(ask_often, operation, url, world, checks, loop)
        statuses[operation.label] = await asked
    assert len(statuses) > 35
    good = [name for name, seen in statuses.items() if any(status < 300 for status in seen)]
    assert len(good) > len(statuses) * 2 / 3, statuses
