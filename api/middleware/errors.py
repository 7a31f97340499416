"""One shape for every error: problem+json (RFC 9457), or a page for a person who asks for one."""

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NotRequired

import msgspec
from pydantic import ValidationError
from quart import Quart, Response, g, has_request_context, render_template, request
from quart_schema import RequestSchemaValidationError
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException

from model.errors import (
    Conflict,
    DiskFailed,
    Forbidden,
    Invalid,
    NotFound,
    NotSignedIn,
    OutcomeUnknown,
    PreconditionFailed,
    Refusal,
    StorageFull,
    TooLarge,
    TooMany,
    TryAgain,
)

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
OF_HTTP = {"Allow", "Content-Range", "Retry-After"}
STATUS: dict[type[Refusal], int] = {
    Invalid: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    TooMany: 429,
    StorageFull: 507,
    TryAgain: 503,
    OutcomeUnknown: 504,
}
CODES = {  # Python's own words for these change with its versions
    413: "content_too_large",
    416: "range_not_satisfiable",
}
SENTENCES = {
    400: "The request could not be read.",
    404: "There is no such page.",
    405: "This address does not take this method.",
    408: "The request took too long to arrive.",
    413: "That is too large.",
    415: "Send JSON as application/json, or a file as multipart/form-data.",
    416: "The file has no such range.",
    500: "Something went wrong here. The id of the request helps to find out what.",
}
PLAINLY = {  # instead of Pydantic's own words
    "greater_than_equal": "It should be {ge} or more.",
    "less_than_equal": "It should be {le} or less.",
}


class Problem(TypedDict):
    """What every error answers; `code` is stable, `fields` names each wrong field.

    `current` of 412 is the thing as it is now, or null when it is not there.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    fields: NotRequired[dict[str, str]]
    current: NotRequired[dict[str, Any] | None]
    request_id: str


@dataclass(frozen=True)
class Explained:
    """How an error is told: the members of the problem, and what its answer needs beside them."""

    status: int
    problem: dict[str, Any]
    headers: dict[str, str]


def init(app: Quart) -> None:
    @app.errorhandler(Exception)
    async def tell(error: Exception) -> Response:
        told = explain(error)
        if wants_page():
            response = Response(await render_template("error.html", **told.problem), told.status)
        else:
            body = msgspec.json.encode(told.problem)
            response = Response(body, told.status, content_type=PROBLEM)
        response.headers.update(told.headers)
        return response


def explain(error: Exception) -> Explained:
    """Any error of a request. What nobody has expected is logged."""
    match error:
        case Refusal():
            if isinstance(error, StorageFull | DiskFailed):
                _tell_of_disk(int(time.monotonic() / 60), is_full=isinstance(error, StorageFull))
            status = next(STATUS[kind] for kind in type(error).mro() if kind in STATUS)
            return _explained(error, status, error.code, error.detail, **_more(error))
        case RequestSchemaValidationError(validation_error=ValidationError() as wrong):
            return explain(Invalid(wrong_fields(wrong)))
        case RequestSchemaValidationError():
            return explain(Invalid({"body": "It is not an object with the right fields."}))
        case HTTPException():
            status = error.code or 500
            phrase = HTTPStatus(status).phrase
            code = CODES.get(status, phrase.lower().replace(" ", "_").replace("-", "_"))
            return _explained(error, status, code, SENTENCES.get(status, f"{phrase}."))
    log.error("a bug", exc_info=error, extra={"request_id": g.get("request_id")})
    return _explained(error, 500, "internal_error", SENTENCES[500])


@lru_cache(maxsize=2)
def _tell_of_disk(minute: int, *, is_full: bool) -> None:
    """Log it; the cache is there so that each is logged once a minute."""
    del minute
    told = "there is no room left" if is_full else "the disk fails, or takes no changes"
    log.error("%s: nothing can be written to the database, or to where the files are", told)


def wrong_fields(error: ValidationError) -> dict[str, str]:
    """Each wrong field with its first message."""
    fields: dict[str, str] = {}
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(map(str, problem["loc"])) or "body"
        plainly = PLAINLY.get(problem["type"])
        said = plainly.format(**problem["ctx"]) if plainly else problem["msg"]
        fields.setdefault(name, said.removeprefix("Value error, "))
    return fields


def wants_page() -> bool:
    """Whether a person asks for a page; not the API, nor a WebSocket on a wrong route."""
    if not has_request_context() or request.path.startswith("/api"):
        return False
    return "text/html" in request.accept_mimetypes.values()


def _more(refusal: Refusal) -> dict[str, Any]:
    """The fields that only some problems have."""
    match refusal:
        case Invalid():
            return {"fields": refusal.fields}
        case PreconditionFailed():
            return {"current": refusal.current}
    return {}


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case TooMany() | TryAgain():
            return {"Retry-After": str(error.retry_after_s)}
        case NotSignedIn():
            return {"WWW-Authenticate": "Bearer"}
        case PreconditionFailed(tag=str(tag)):
            return {"ETag": tag}
        case HTTPException():
            return {name: value for name, value in error.get_headers() if name in OF_HTTP}
    return {}


def _explained(error: Exception, status: int, code: str, detail: str, **more: Any) -> Explained:
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": g.get("request_id", ""),
        **more,
    }
    return Explained(status, problem, _headers(error))
