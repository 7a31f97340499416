"""What the routes share in the OpenAPI document: refusals, headers of answers and of requests."""

from collections.abc import Iterable
from typing import Any

from api.adapters.application import MAX_BODY_BYTES
from api.middleware import idempotent, location
from api.middleware.auth import MAX_PUBLIC_BODY_BYTES, USER_HEADER
from api.middleware.cookies import EMBEDDED, ON_HTTP
from api.transfer.preconditions import PATTERN
from model.database.table import MAX_ID
from model.documents.json_body import MAX_DOCUMENT_BYTES

Json = dict[str, Any]

REFUSALS = {  # by status: the name of the answer, and what it means
    "400": ("Invalid", "Something in the request is wrong: `fields` names each wrong field."),
    "401": ("NotSignedIn", f"Not signed in, or not as whom `{USER_HEADER}` says."),
    "403": ("Forbidden", "You may see it, but you may not do this."),
    "404": ("NotFound", "It is not there, or you may not know of it."),
    "408": ("RequestTimeout", "The body did not arrive."),
    "409": ("Conflict", "Its present state does not allow this."),
    "412": (
        "PreconditionFailed",
        "It is not as the request expects; `current` and `ETag` say how it is.",
    ),
    "413": (
        "TooLarge",
        f"The file is too large, or there are more than {MAX_BODY_BYTES // 1024} KiB of JSON:"
        f" {MAX_DOCUMENT_BYTES // 1024} KiB for a document,"
        f" {MAX_PUBLIC_BODY_BYTES // 1024} KiB where nobody need be signed in.",
    ),
    "415": ("UnsupportedMediaType", "The body has a type that the route does not take."),
    "416": ("RangeNotSatisfiable", "There is no such range."),
    "429": ("TooMany", "Too many requests; `Retry-After` says when to come back."),
    "503": ("TryAgain", "Nothing was changed; try again after `Retry-After`."),
    "504": (
        "OutcomeUnknown",
        f"It may have been done; repeat it with the same `{idempotent.HEADER}`, or look first.",
    ),
    "507": ("StorageFull", "The server has no room left."),
}

REQUEST_ID, TAG, RANGE, RETRY = "X-Request-Id", "ETag", "Content-Range", "Retry-After"
_HEADERS = {
    REQUEST_ID: ("What the server's log calls the request.", {"type": "string"}),
    TAG: ("The version, for `If-Match` and `If-None-Match`.", {"type": "string"}),
    RANGE: ("Which of the bytes these are, and how many there are.", {"type": "string"}),
    RETRY: ("In how many seconds to come back.", {"type": "integer", "minimum": 0}),
    location.HEADER: ("The address of what was made.", {"type": "string"}),
    idempotent.REPLAYED: (
        f"An earlier request with the same `{idempotent.HEADER}` was answered so.",
        {"type": "string", "enum": ["true"]},
    ),
}
_HEADERS_OF_REFUSALS = {"412": [TAG], "416": [RANGE], "429": [RETRY], "503": [RETRY]}

ID = {"type": "integer", "minimum": 1, "maximum": MAX_ID, "format": "int64"}
_TAGS = {"type": "string", "pattern": PATTERN, "maxLength": 1000}
_PARAMETERS = {
    USER_HEADER: ("Your id; 401 `other_account` when somebody else is signed in.", ID),
    idempotent.HEADER: (
        "A request repeated with its key within 24 hours is carried out once.",
        {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    ),
    "If-Match": ("Versions of which one must be there.", _TAGS),
    "If-None-Match": ("Versions of which none may be there, or which you have already.", _TAGS),
}


def shared(problem: Json) -> Json:
    """The components but for the schemas; `problem` is that of a refusal."""
    return {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": ON_HTTP.beginning,  # until somebody asks: see api/docs/pages.py
                "description": f"For a page of another site it is called `{EMBEDDED.beginning}-…`.",
            },
        },
        "responses": {
            name: {
                "description": sentence,
                "headers": headers(REQUEST_ID, *_HEADERS_OF_REFUSALS.get(status, ())),
                "content": {"application/problem+json": {"schema": problem}},
            }
            for status, (name, sentence) in REFUSALS.items()
        },
        "headers": {
            name: {"description": sentence, "schema": schema}
            for name, (sentence, schema) in _HEADERS.items()
        },
        "parameters": {
            name: {"name": name, "in": "header", "description": sentence, "schema": schema}
            for name, (sentence, schema) in _PARAMETERS.items()
        },
    }


def headers(*names: str) -> Json:
    """The headers of an answer."""
    return {name: reference("headers", name) for name in names}


def refusals(statuses: Iterable[str]) -> Json:
    """The answers that refuse."""
    return {status: reference("responses", REFUSALS[status][0]) for status in sorted(statuses)}


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
