"""Reads If-Match and If-None-Match: what must be true before a request is carried out."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from quart import Response, request

from api.adapters.quart import itself
from api.transfer.delivery import JUDGED
from model.documents.precondition import Precondition
from model.errors import Invalid

F = TypeVar("F", bound=Callable[..., Any])

TAG = r'(?:W/)?"[!#-~]*"'
PATTERN = rf"^(\*|{TAG}(\s*,\s*{TAG})*)$"


def conditional(*headers: str) -> Callable[[F], F]:
    """Say which of the two headers a view reads."""

    def mark(view: F) -> F:
        view.preconditions = headers  # type: ignore[attr-defined] # for api/docs/openapi.py
        return view

    return mark


def precondition() -> Precondition:
    """The precondition of this request; raises Invalid when a header cannot be read."""
    headers = itself(request).headers
    given = [name for name in ("If-Match", "If-None-Match") if name in headers]
    return precondition_of({name: ", ".join(headers.getlist(name)) for name in given})


def precondition_of(headers: Mapping[str, str]) -> Precondition:
    """The precondition in these headers; raises Invalid when one cannot be read."""
    return Precondition(_tags(headers, "If-Match"), _tags(headers, "If-None-Match"))


def tagged(response: Response, tag: str) -> Response:
    """The answer with the tag of its version, kept for nobody but who has asked."""
    response.headers.update(of_version(tag))
    return response


def of_version(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": JUDGED, "Vary": "Authorization, Cookie"}


def not_modified(tag: str) -> Response:
    """304 for whoever has this version of some JSON."""
    return tagged(Response("", 304, content_type="application/json"), tag)


def _tags(headers: Mapping[str, str], header: str) -> Collection[str] | None:
    """The tags of a header, or None without it; raises Invalid when they cannot be read."""
    given = headers.get(header)
    if given is None:
        return None
    if not re.fullmatch(PATTERN, given):
        raise Invalid({header: 'It must be * or tags, each in double quotes: "7-1", "7-2".'})
    return re.findall(rf"\*|{TAG}", given)
