"""The OpenAPI document, made once from the routes, the AsyncAPI document, and the page of both.

Swagger UI comes from the package flask-swagger-ui: no CDN, and clean under our policy.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import flask_swagger_ui
import msgspec
from pydantic import TypeAdapter
from quart import (
    Blueprint,
    Quart,
    Response,
    current_app,
    render_template,
    request,
)
from quart_schema import Info, QuartSchema, hide
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from api.adapters.application import MAX_BODY_BYTES
from api.context import settings
from api.docs.asyncapi import describe
from api.docs.reference import reference
from api.middleware.auth import MAX_PUBLIC_BODY_BYTES, USER_HEADER, public
from api.middleware.errors import ProblemView
from api.middleware.idempotent import HEADER
from api.transfer.delivery import deliver_static
from api.transfer.preconditions import PATTERN
from model.database.table import MAX_ID
from model.documents.json_body import MAX_DOCUMENT_BYTES

T = TypeVar("T")

VERSION = "0.5.0"
SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
SWAGGER_FILES = {"swagger-ui.css", "swagger-ui-bundle.js"}
REFERENCE = "#/components/schemas/{model}"
SIGNED_IN: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]

ANSWERS = {
    "400": "Something in the request is wrong: `fields` names each wrong field.",
    "401": "Not signed in, or not as whom `Homeroom-User` says.",
    "403": "You may see it, but you may not do this.",
    "404": "It is not there, or you may not know of it.",
    "408": "The body did not arrive.",
    "409": "Its present state does not allow this.",
    "412": "It is not as the request expects; `current` and `ETag` say how it is.",
    "413": "The file is too large, or there are more than {most_kib} KiB of JSON.",
    "415": "The body has a type that the route does not take.",
    "416": "There is no such range.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "503": "Nothing was changed; try again after `Retry-After`.",
    "504": "It may have been done; repeat it with the same `Idempotency-Key`, or look first.",
    "507": "The server has no room left.",
}
DELIVERED = {"206": "The range that was asked for.", "304": "The client has it already."}
DESCRIPTION = """\
Sign in with `POST /api/sessions`: browsers get a cookie, others ask with `"token": true` and send
`Authorization: Bearer <token>`. Lists are paged by id: give `next` as `before` (or `after`).
Every error is `application/problem+json`. What happens is followed live at `/api/live`,
which `/asyncapi.json` describes.
"""

documentation = Blueprint("documentation", __name__)


def init(app: Quart) -> None:
    QuartSchema(
        app,
        info=Info(title="Homeroom", version=VERSION, description=DESCRIPTION),
        conversion_preference="msgspec",
        openapi_path=None,
        openapi_provider_class=Provider,
        security_schemes={
            "bearer": HttpSecurityScheme(scheme="bearer"),
            "cookie": {"type": "apiKey", "name": "homeroom", "in_": "cookie"},
        },
    )
    app.register_blueprint(documentation)


class Provider(OpenAPIProvider):
    """Adds what quart-schema does not know: errors, security, keys, nested views."""

    def schema(self) -> dict[str, Any]:
        document = super().schema()
        _, problem = _definitions_of(ProblemView)
        document["components"]["schemas"]["ProblemView"] = problem
        return document

    def build_path_parameter(self, name: str, converter: Any) -> dict[str, Any]:
        parameter = super().build_path_parameter(name, converter)
        if parameter["schema"] == {"type": "integer"}:
            parameter["schema"] |= {"minimum": 1, "maximum": MAX_ID, "format": "int64"}
        return {**parameter, "schema": parameter["schema"] | getattr(converter, "schema", {})}

    def build_response_object(self, model: Any, headers_model: Any) -> tuple[Any, Any]:
        del headers_model
        definitions, schema = _definitions_of(model)
        description = (model.__doc__ or "").strip() or "Done."
        content = {"application/json": {"schema": schema}}
        return {"description": description, "content": content}, definitions

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        view = self._app.view_functions[rule.endpoint]
        is_public = getattr(view, "is_public", False)
        noun = rule.endpoint.partition(".")[0]
        for operations in paths.values():
            for method, operation in operations.items():
                operation["operationId"] = f"{rule.endpoint.replace('.', '_')}"
                operation["tags"] = [noun]
                operation["security"] = [] if is_public else SIGNED_IN
                answers = {str(status): it for status, it in operation["responses"].items()}
                operation["responses"] = answers
                answers |= _delivered(view)
                if media_types := getattr(view, "takes_json", ()):
                    operation["requestBody"] = {"content": {kind: {} for kind in media_types}}
                if not answers:
                    answers["204"] = {"description": "Done."}
                its_own = [status for status in answers if status >= "400"]
                for status in [*_errors(method, rule, operation, is_public=is_public), *its_own]:
                    answers[status] = _problem(_sentence(status, view))
                if getattr(view, "is_idempotent", False):
                    operation["parameters"] = [*operation["parameters"], _key_parameter()]
                if not is_public:
                    operation["parameters"] = [*operation["parameters"], _user_parameter()]
                if headers := getattr(view, "preconditions", ()):
                    _add_preconditions(method, operation, headers)
                if "requestBody" in operation:
                    operation["requestBody"]["required"] = True
        return paths, components

    def operation_id(self, method: str, path: str, func: Any) -> None:
        """Empty: `build_paths` gives it."""


def _delivered(view: Any) -> dict[str, Any]:
    """What a view marked by `delivers` answers beside JSON."""
    answers: dict[str, Any] = {}
    for status, media_type in getattr(view, "delivers", {}).items():
        answers[status] = {"description": DELIVERED.get(status, "The bytes.")}
        if media_type:
            schema = {"type": "string", "format": "binary"}
            answers[status]["content"] = {media_type: {"schema": schema}}
    return answers


def _add_preconditions(method: str, operation: dict[str, Any], headers: Sequence[str]) -> None:
    """Add the headers that a view marked by `conditional` reads, and the tags that it answers."""
    schema = {"type": "string", "pattern": PATTERN, "maxLength": 1000}
    asked = [{"name": name, "in": "header", "schema": schema} for name in headers]
    operation["parameters"] = [*operation["parameters"], *asked]
    answers = operation["responses"]
    if method == "get":
        answers["304"] = {"description": DELIVERED["304"]}
    else:
        answers["412"] = _problem(ANSWERS["412"])
    for status in answers.keys() & {"200", "201", "304", "412"}:
        answers[status]["headers"] = {"ETag": {"schema": {"type": "string"}}}


def _errors(method: str, rule: Rule, operation: dict[str, Any], *, is_public: bool) -> list[str]:
    wanted = ["400", "429", "503"]
    if not is_public:
        wanted += ["401"]
    if rule.arguments or method == "post":
        wanted += ["404"]
    if method != "get":
        wanted += ["403", "409", "504", "507"]
    if "requestBody" in operation:
        wanted += ["408", "413", "415"]
    if is_public and method == "post":
        wanted += ["401"]
    return sorted(set(wanted))


def _sentence(status: str, view: Any) -> str:
    most_bytes = MAX_DOCUMENT_BYTES if hasattr(view, "takes_json") else MAX_BODY_BYTES
    if hasattr(view, "is_public"):
        most_bytes = MAX_PUBLIC_BODY_BYTES
    return ANSWERS[status].format(most_kib=most_bytes // 1024)


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model="ProblemView")}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _key_parameter() -> dict[str, Any]:
    description = "A request repeated with its key within 24 hours is carried out once."
    schema = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}
    return {"name": HEADER, "in": "header", "description": description, "schema": schema}


def _user_parameter() -> dict[str, Any]:
    description = "Your id; 401 `other_account` when somebody else is signed in."
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_ID, "format": "int64"}
    return {"name": USER_HEADER, "in": "header", "description": description, "schema": schema}


def _definitions_of(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    schema = TypeAdapter(model).json_schema(ref_template=REFERENCE, mode="serialization")
    return schema.pop("$defs", {}), schema


@documentation.get("/openapi.json")
@public
@hide
async def openapi() -> Response:
    return await _document(current_app.extensions["QUART_SCHEMA"].openapi_provider.schema)


@documentation.get("/asyncapi.json")
@public
@hide
async def asyncapi() -> Response:
    return await _document(_asyncapi)


async def _document(make: Callable[[], dict[str, Any]]) -> Response:
    """Answer with a document, or with 304 when the browser has it already."""
    body = _once(request.path, lambda: msgspec.json.encode(make()))
    response = Response(body, content_type="application/json")
    response.set_etag(hashlib.sha256(body).hexdigest()[:16])
    response.headers["Access-Control-Allow-Origin"] = "*"
    return await response.make_conditional(request)


def _once(name: str, make: Callable[[], T]) -> T:
    """Make a document once: its routes and messages do not change while the server runs."""
    made: dict[str, T] = current_app.extensions.setdefault("documents", {})
    if name not in made:
        made[name] = make()
    return made[name]


def _asyncapi() -> dict[str, Any]:
    return describe(settings(), VERSION)


@documentation.get("/docs")
@public
@hide
async def page() -> str:
    live = _once(request.path, lambda: reference(_asyncapi()))
    return await render_template("docs.html", live=live)


@documentation.get("/docs/<file>")
@public
@hide
async def swagger_file(file: str) -> Response:
    if file not in SWAGGER_FILES:
        raise NotFound
    return await deliver_static(SWAGGER_UI, file)
