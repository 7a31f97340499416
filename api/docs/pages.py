"""The OpenAPI and the AsyncAPI document, and the page of both.

Swagger UI comes from the package flask-swagger-ui: no CDN, and clean under our policy.
"""

import hashlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import flask_swagger_ui
import msgspec
from quart import Blueprint, Response, current_app, render_template, request
from quart_schema import hide
from werkzeug.exceptions import NotFound

from api.assets import KEPT
from api.context import settings
from api.docs.asyncapi import describe
from api.docs.openapi import VERSION
from api.docs.reference import reference
from api.middleware.auth import public
from api.middleware.cookies import cookie_name
from api.transfer.delivery import client_has, deliver_static

T = TypeVar("T")

SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
SWAGGER_VERSION = version("flask-swagger-ui")
SWAGGER_FILES = {"swagger-ui.css", "swagger-ui-bundle.js"}

documentation = Blueprint("documentation", __name__)


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
    """Answer with a document, or with 304 when the browser has it already.

    What it calls the cookie depends on the address that was asked.
    """
    document = _once(request.path, make)
    document["components"]["securitySchemes"]["cookie"]["name"] = cookie_name()
    body = msgspec.json.encode(document)
    tag = hashlib.sha256(body).hexdigest()[:16]
    body, status = (b"", 304) if client_has(tag) else (body, 200)
    response = Response(body, status, content_type="application/json")
    response.set_etag(tag)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


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
    return await render_template("docs.html", live=live, swagger_version=SWAGGER_VERSION)


@documentation.get("/docs/<file>")
@public
@hide
async def swagger_file(file: str) -> Response:
    if file not in SWAGGER_FILES:
        raise NotFound
    return await deliver_static(SWAGGER_UI, file, KEPT)
