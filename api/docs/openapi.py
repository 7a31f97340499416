"""The OpenAPI document, made from the routes: their forms, views, marks and docstrings."""

import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from quart import Quart
from quart_schema import DataSource, Info, QuartSchema
from quart_schema.openapi import OpenAPIProvider
from typing_extensions import TypeAliasType
from werkzeug.routing import Rule

from api.docs.components import (
    ID,
    RANGE,
    REQUEST_ID,
    TAG,
    headers,
    reference,
    refusals,
    shared,
)
from api.middleware import idempotent, location
from api.middleware.auth import USER_HEADER
from api.middleware.errors import Problem
from model.documents.json_body import JsonValue

Json = dict[str, Any]

VERSION = "0.9.0"
SIGNED_IN: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]
FORMS = {DataSource.JSON: "application/json", DataSource.FORM_MULTIPART: "multipart/form-data"}
BYTES = {"schema": {"type": "string", "format": "binary"}}
KNOWN = {"description": "The client has it already."}
DESCRIPTION = """\
Sign in with `POST /api/sessions`: browsers get a cookie, others ask with `"token": true` and send
`Authorization: Bearer <token>`. Lists are paged by id: give `next` as `before` (or `after`).
Every error is `application/problem+json`. What happens is followed live at `/api/live`,
which `/asyncapi.json` describes.
"""


def init(app: Quart) -> None:
    QuartSchema(
        app,
        info=Info(title="Homeroom", version=VERSION, description=DESCRIPTION),
        conversion_preference="msgspec",
        openapi_path=None,
        openapi_provider_class=Provider,
    )
    del app.make_response  # its own copies each answer, all of which msgspec encodes as they are


class Provider(OpenAPIProvider):
    """Adds what quart-schema does not know: names of schemas, refusals, security, headers."""

    def schema(self) -> Json:
        self._schemas: Json = {}
        problem, _ = self._named(Problem), self._named(JsonValue)
        document = super().schema()
        self._schemas["JsonValue"] = {
            "description": "Any JSON: null, a boolean, a number, a string, a list or an object."
        }
        document["info"]["license"] = {"name": "MIT", "identifier": "MIT"}
        document["servers"] = [{"url": "/", "description": "Where this document comes from."}]
        document["tags"] = list(self._tags(document))
        document["components"] |= {"schemas": self._schemas, **shared(problem)}
        return document

    def _tags(self, document: Json) -> Iterator[Json]:
        """The nouns, each with the first line of its module."""
        operations = [one for path in document["paths"].values() for one in path.values()]
        for noun in dict.fromkeys(operation["tags"][0] for operation in operations):
            module = sys.modules[self._app.blueprints[noun].import_name]
            yield {"name": noun, "description": (inspect.getdoc(module) or "").partition("\n")[0]}

    def build_path_parameter(self, name: str, converter: Any) -> Json:
        parameter = super().build_path_parameter(name, converter)
        if parameter["schema"] == {"type": "integer"}:
            parameter["schema"] = ID
        return {**parameter, "schema": parameter["schema"] | getattr(converter, "schema", {})}

    def build_querystring_parameters(self, model: Any) -> tuple[list[Json], Json]:
        definitions, schema = _schema_of(model, "validation")
        self._schemas |= definitions
        required = schema.get("required", ())
        return [
            {"name": name, "in": "query", "schema": _without_null(field)}
            | ({"required": True} if name in required else {})
            for name, field in schema["properties"].items()
        ], {}

    def build_request_body(self, model: Any, source: DataSource) -> tuple[Json, Json]:
        return {"content": {FORMS[source]: {"schema": self._named(model, "validation")}}}, {}

    def build_response_object(self, model: Any, headers_model: Any) -> tuple[Json, Json]:
        del headers_model
        _, schema = _schema_of(model, "serialization")
        content = {"application/json": {"schema": self._named(model)}}
        return {"description": schema.get("description", "Done."), "content": content}, {}

    def _named(self, model: Any, mode: JsonSchemaMode = "serialization") -> Json:
        """The schema of a form or view: a reference to a component, which is added."""
        definitions, schema = _schema_of(model, mode)
        if isinstance(model, type | TypeAliasType):
            definitions = {**definitions, model.__name__: schema}
            schema = reference("schemas", model.__name__)
        for name, definition in definitions.items():
            known = self._schemas.setdefault(name, definition)
            assert known == definition, f"two schemas are called {name}"
        return schema

    def build_paths(self, rule: Rule) -> tuple[Json, Json]:
        paths, components = super().build_paths(rule)
        view = self._app.view_functions[rule.endpoint]
        for operations in paths.values():
            for method, operation in operations.items():
                _complete(method, operation, rule, view)
        return paths, components

    def operation_id(self, method: str, path: str, func: Any) -> None:
        """Empty: `_complete` gives it."""


def _complete(method: str, operation: Json, rule: Rule, view: Any) -> None:
    """Add what the marks of a view say."""
    is_public = getattr(view, "is_public", False)
    operation["operationId"] = rule.endpoint.replace(".", "_")
    operation["tags"] = [rule.endpoint.partition(".")[0]]
    operation["security"] = [] if is_public else SIGNED_IN
    if not operation["description"]:
        del operation["description"]
    given = [reference("parameters", name) for name in _headers_of_request(view)]
    operation["parameters"] = [*operation["parameters"], *given]
    if media_types := getattr(view, "takes_json", ()):
        operation["requestBody"] = _any_json(*media_types)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    documented = {str(status): answer for status, answer in operation["responses"].items()}
    good = _good_answers(method, view, documented)
    for status, answer in good.items():
        answer["headers"] = headers(*_headers_of_answer(status, view))
    refused = {*_refused(method, rule, operation, view), *(documented.keys() - good.keys())}
    operation["responses"] = good | refusals(refused)


def _any_json(media_type: str, *others: str) -> Json:
    """A body of any JSON. It names one type: clients made for several cannot tell which it is."""
    body: Json = {"content": {media_type: {"schema": reference("schemas", "JsonValue")}}}
    if others:
        body["description"] = f"It may be called `{'` or `'.join(others)}`, too."
    return body


def _headers_of_request(view: Any) -> Iterator[str]:
    if getattr(view, "is_idempotent", False):
        yield idempotent.HEADER
    if not getattr(view, "is_public", False):
        yield USER_HEADER
    yield from getattr(view, "preconditions", ())


def _headers_of_answer(status: str, view: Any) -> Iterator[str]:
    yield REQUEST_ID
    if status == "201" and getattr(view, "is_located", False):
        yield location.HEADER
    if status == "201" and getattr(view, "is_idempotent", False):
        yield idempotent.REPLAYED
    if status != "204" and (hasattr(view, "preconditions") or hasattr(view, "delivers")):
        yield TAG
    if status == "206":
        yield RANGE


def _good_answers(method: str, view: Any, documented: Json) -> Json:
    good = {status: answer for status, answer in documented.items() if status < "400"}
    if media_types := getattr(view, "delivers", ()):
        content = dict.fromkeys(media_types, BYTES)
        good["200"] = {"description": "The bytes.", "content": content}
        good["206"] = {"description": "The range that was asked for.", "content": content}
    if media_types or (method == "get" and hasattr(view, "preconditions")):
        good["304"] = dict(KNOWN)
    return good or {"204": {"description": "Done."}}


def _refused(method: str, rule: Rule, operation: Json, view: Any) -> Iterator[str]:
    is_public = getattr(view, "is_public", False)
    yield from ("400", "429", "503")
    if not is_public or method == "post":
        yield "401"
    if rule.arguments or method == "post":
        yield "404"
    if not is_public or method == "post":
        yield "403"
    if method != "get":
        yield from ("409", "504", "507")
    if method != "get" and hasattr(view, "preconditions"):
        yield "412"
    if "requestBody" in operation:
        yield from ("408", "413", "415")
    if hasattr(view, "delivers"):
        yield "416"


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles of fields, which are their names once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


@cache
def _schema_of(model: Any, mode: JsonSchemaMode) -> tuple[Json, Json]:
    """What a schema refers to, by name, and the schema itself."""
    schema = TypeAdapter(model).json_schema(
        ref_template=reference("schemas", "{model}")["$ref"], schema_generator=_Untitled, mode=mode
    )
    definitions = schema.pop("$defs", {})
    for named in (schema, *definitions.values()):
        named.pop("title", None)
    return definitions, schema


def _without_null(schema: Json) -> Json:
    """The schema of a value that is there: a query has no null."""
    match schema:
        case {"anyOf": [value, {"type": "null"}]}:
            return {**value, **{k: v for k, v in schema.items() if k not in {"anyOf", "default"}}}
    return schema
