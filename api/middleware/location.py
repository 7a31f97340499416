"""`Location`: the address of what was made."""

from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

import msgspec
from quart import Response, make_response, request

View = Callable[..., Awaitable[Any]]

HEADER = "Location"


def location(address: str, body: bytes) -> str:
    """The address of what an answer shows, whose fields are in braces."""
    return address.format_map(msgspec.json.decode(body))


def located(address: str = "") -> Callable[[View], View]:
    """Say with 201 where the thing is. Stands above `@idempotent`, so that a repeat says it too.

    `address` has fields of the answer in braces; without one the thing is where it was put.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        async def make(*arguments: Any, **values: Any) -> Response:
            response = await make_response(await view(*arguments, **values))
            assert isinstance(response, Response)
            if response.status_code == HTTPStatus.CREATED:
                body = await response.get_data(as_text=False)
                response.headers[HEADER] = location(address or request.path, body)
            return response

        make.is_located = True  # type: ignore[attr-defined] # for api/docs/openapi.py
        make.located_at = address  # type: ignore[attr-defined] # for api/lane.py
        return make

    return decorate
