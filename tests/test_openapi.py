"""The OpenAPI document: complete, valid, and true of whatever is asked."""

import asyncio
import re
from itertools import islice
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from quart import Quart
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from werkzeug.routing import Rule

from api.app import create_app
from api.context import Services
from api.setting_kinds import Switch
from api.transfer.delivery import PLAYABLE, UNKNOWN
from tests.api.browser import browser, problem
from tests.support.cast import Cast, Stages, settings_of_tests
from tests.support.databases import SQLite
from tests.support.examples import Example, example_of, examples, nameless, parameters
from tests.support.people import PASSWORD, Person, Visitor
from tests.support.references import look_up, parts, references, resolved
from tests.support.world import World

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
UNDOCUMENTED = {"live.follow", "stream.follow"}  # see the AsyncAPI document
EXAMPLES, PARTS = 6, 3
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # as on both


@pytest.fixture(scope="module")
def document(sqlite: Stages[SQLite], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As anybody gets it."""
    instance = tmp_path_factory.mktemp("document") / "instance"
    settings = settings_of_tests(instance, sqlite.database.copy("empty", instance))

    async def fetched() -> Any:
        app = create_app(settings, prepared=True)
        async with app.test_app():
            return await Visitor(app.test_client()).get("/openapi.json")

    return asyncio.run(fetched())


def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@on_one_database
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


@on_one_database
def test_every_route_says_what_it_takes_answers_and_needs(app: Quart, document: Any) -> None:
    problem = resolved(document)["components"]["schemas"]["Problem"]
    for name, operation in operations(resolved(document)).items():
        method, path = name.split()
        assert operation["summary"], name
        parameters = {(p["in"], p["name"]): p for p in operation["parameters"]}
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert {given for where, given in parameters if where == "path"} == in_path, name
        answers = operation["responses"]
        good = [status for status in answers if status < "400"]
        may_make = method in {"POST", "PUT"} and bool({"200", "202"} & set(good)) and "201" in good
        made = [status for status in good if status in {"200", "201", "202", "204"}]
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
            (content,) = operation["requestBody"]["content"].values()
            takes_anything = "takes_json" in vars(view)
            assert takes_anything or content["schema"]["additionalProperties"] is False, name
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
    for reference in references(document):
        assert look_up(document, reference), "what is referred to is there"


def test_each_view_and_form_has_a_name(document: Any) -> None:
    """Generated code has one class for each, and says `PostView` as this project does."""
    assert [part for part in parts(document["paths"]) if "properties" in part] == []
    named = document["components"]["schemas"]
    assert {"PostView", "PostForm", "PostList", "Problem", "JsonValue"} <= named.keys()
    used = {reference["$ref"].rpartition("/")[2] for reference in references(document)}
    assert named.keys() - used == set()


def test_no_default_is_against_its_own_schema(document: Any) -> None:
    defaults = [part for part in parts(resolved(document)) if "default" in part]
    assert len(defaults) > 15
    for part in defaults:
        assert jsonschema_rs.is_valid(part, part["default"]), part


def test_no_body_tells_defaults(document: Any) -> None:
    """Generated clients send them: a role that nobody has named would be changed."""
    bodies = [operation.get("requestBody") for operation in operations(resolved(document)).values()]
    assert [part for part in parts(bodies) if "default" in part] == []


@on_one_database
async def test_what_a_query_needs_is_required(people: Cast, document: Any) -> None:
    needed = {}
    for name, operation in operations(resolved(document)).items():
        method, path = name.split()
        given = [one for one in operation["parameters"] if one["in"] == "query"]
        if required := {one["name"] for one in given if one.get("required")}:
            asked = path.format(channel_id=people.channel["id"])
            wrong = problem(await people.bob.ask(method, asked), 400, "invalid")
            assert wrong["fields"].keys() == required, name
            needed[path] = required
        assert all("null" not in str(one["schema"]) for one in given), "no query can say null"
    scores = "/api/channels/{channel_id}/scores"
    assert needed == {"/api/search": {"q"}, scores: {"game"}, f"{scores}.csv": {"game"}}


def test_what_is_downloaded_has_every_type_that_it_may_have(document: Any) -> None:
    found = operations(resolved(document))
    for path, types in (
        ("/api/files/{file_id}", {UNKNOWN, *PLAYABLE}),
        ("/api/files/{file_id}/thumbnail", {"image/webp"}),
        ("/api/avatars/{sha256}", {"image/webp"}),
        ("/api/channels/{channel_id}/scores.csv", {"text/csv"}),
        ("/api/admin/acts.csv", {"text/csv"}),
        ("/api/exports/{export_id}/file", {UNKNOWN}),
        ("/api/admin/backups/{backup_id}/file", {UNKNOWN}),
    ):
        answers = found[f"GET {path}"]["responses"]
        assert {"200", "206", "304", "416"} <= answers.keys(), path
        assert answers["200"]["content"].keys() == answers["206"]["content"].keys() == types
        for status, header in (("200", "ETag"), ("206", "Content-Range"), ("304", "ETag")):
            assert header in answers[status]["headers"], (path, status)


def test_each_answer_says_which_headers_it_has(document: Any) -> None:
    for name, operation in operations(resolved(document)).items():
        for status, answer in operation["responses"].items():
            assert "X-Request-Id" in answer["headers"], (name, status)
            assert ("Retry-After" in answer["headers"]) is (status in {"429", "503"}), name
        if "201" in operation["responses"]:
            takes_key = "Idempotency-Key" in {one["name"] for one in operation["parameters"]}
            answered = operation["responses"]["201"]["headers"]
            assert ("Idempotency-Replayed" in answered) is takes_key, name


def test_a_person_may_be_oneself_or_somebody_else(document: Any) -> None:
    shown = document["paths"]["/api/users/{user_id}"]["get"]["responses"]["200"]
    (content,) = shown["content"].values()
    views = [look_up(document, reference) for reference in content["schema"]["anyOf"]]
    assert ["email" in view["required"] for view in views] == [True, False], "the narrower first"


@on_one_database
@pytest.mark.parametrize(
    ("scheme", "host"),
    [("http", "localhost"), ("http", "localhost:9000"), ("https", "class.example.org")],
)
async def test_the_cookie_has_the_name_that_the_server_gives_it(
    app: Quart, people: Cast, scheme: str, host: str
) -> None:
    page = browser(app, scheme=scheme, headers={"Host": host})
    await page.post("/api/sessions", {"username": people.bob.username, "password": PASSWORD})
    for path in ("/openapi.json", "/asyncapi.json"):
        schemes = (await page.get(path))["components"]["securitySchemes"]
        assert page.cookies[schemes["cookie"]["name"]]


def test_every_number_that_a_body_may_have_fits_into_the_database(document: Any) -> None:
    """Beyond 64 bits the database fails, and that is told as a fault of the server."""
    numbers = [
        (name, part)
        for name, operation in operations(resolved(document)).items()
        for part in parts(operation.get("requestBody"))
        if part.get("type") == "integer"
    ]
    assert len(numbers) > 3
    for name, number in numbers:
        assert {"minimum", "maximum"} <= number.keys(), f"{name}: {number}"


def test_code_generated_from_the_document_keeps_its_class_live(document: Any) -> None:
    lists = [part.get("properties", {}) for part in parts(document["components"]["schemas"])]
    followed = [properties["live"] for properties in lists if "live" in properties]
    assert len(followed) > 8
    for schema in followed:
        assert schema == {"$ref": "#/components/schemas/Live"}


@on_one_database
async def test_who_has_the_document_is_told_so(visitor: Visitor) -> None:
    first = await visitor.ask("GET", "/openapi.json")
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'{tag[:-1]}-gzip"'):
        again = await visitor.ask("GET", "/openapi.json", If_None_Match=known)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
        assert again.headers.get("Cache-Control") == first.headers.get("Cache-Control")
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


@on_one_database
@pytest.mark.filterwarnings("default")  # of schemathesis
@pytest.mark.parametrize("part", range(PARTS))
async def test_whatever_is_asked_is_answered_as_documented(
    app: Quart, services: Services, people: Cast, document: Any, url: str, part: int
) -> None:
    """Each part asks some hundreds of times, so it takes long; each asks a third of the routes."""
    services.settings = services.settings.model_copy(update={"limits": Switch.OFF})
    world, loop = World(app, services, people), asyncio.get_running_loop()
    load_all_checks()
    checks = CHECKS.get_by_names(list(CHECKED))
    schema = schemathesis.openapi.from_dict(document)
    statuses: dict[str, set[int]] = {}
    for result in islice(schema.get_all_operations(), part, None, PARTS):
        operation: Any = result.ok()  # type: ignore[union-attr] # raises if it is not right
        asked = asyncio.to_thread(ask_often, operation, url, world, checks, loop)
        statuses[operation.label] = await asked
    assert len(statuses) > 35
    good = [name for name, seen in statuses.items() if any(status < 300 for status in seen)]
    assert len(good) > len(statuses) * 2 / 3, statuses
