"""If-Match and If-None-Match: what a request wants to be true before it is carried out."""

import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from quart import Response, request

from api.transfer.delivery import JUDGED
from model.documents.precondition import Precondition
from model.errors import Invalid

F = TypeVar("F", bound=Callable[..., Any])

TAG = r'(?:W/)?"[!#-~]*"'
PATTERN = rf"^(\*|{TAG}(\s*,\s*{TAG})*)$"


def conditional(*headers: str) -> Callable[[F], F]:
    """For the OpenAPI document: these of the two are looked at."""

    def mark(view: F) -> F:
        view.preconditions = headers  # type: ignore[attr-defined] # for api/docs/openapi.py
        return view

    return mark


def precondition() -> Precondition:
    """Of this request; raises Invalid."""
    return Precondition(_tags("If-Match"), _tags("If-None-Match"))


def tagged(response: Response, tag: str) -> Response:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = JUDGED
    return response


def _tags(header: str) -> Collection[str] | None:
    """A header that cannot be read must not mean that there is none."""
    if header not in request.headers:
        return None
    given = ", ".join(request.headers.getlist(header))
    if not re.fullmatch(PATTERN, given):
        raise Invalid({header: 'It is * or tags, each in double quotes: "7-1", "7-2".'})
    return re.findall(rf"\*|{TAG}", given)
