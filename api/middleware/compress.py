"""Compresses text of more than 1 KiB for whoever takes it: pages, modules, and JSON that is read.

Bytes of files and streams go as they are. So does what mixes texts of private places with what
somebody can write who may not read there, such as what a search finds, or one's groups: by its
length one could guess the rest (BREACH).
"""

import asyncio
import gzip
import io
import secrets
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from quart import Quart, Request, Response, request
from quart.wrappers.response import DataBody
from werkzeug.http import parse_accept_header

from api.adapters.quart import itself
from api.middleware.headers import vary_by

F = TypeVar("F", bound=Callable[..., Any])

LEAST_BYTES = 1024  # less is one packet anyway
_AT_ONCE_BYTES = 64 * 1024  # takes about a millisecond
_MAX_PADDING_BYTES = 100
_QUICK, _SMALL = 1, 9  # levels: 8 kB to 29 % in 0.3 ms, or to 28 % in 0.5
_TEXTS = {
    "application/json", "text/html", "text/css", "text/javascript", "application/javascript",
    "image/svg+xml", "application/openmetrics-text",
}  # fmt: skip


def uncompressed(view: F) -> F:
    """Mark a view whose answers mix what has different readers."""
    view.is_uncompressed = True  # type: ignore[attr-defined] # read below
    return view


def init(app: Quart) -> None:
    @app.after_request
    async def compress(response: Response) -> Response:
        asked, body = itself(request), response.response
        if not (isinstance(body, DataBody) and _is_compressible(asked, response, app)):
            return response
        vary_by(response, "Accept-Encoding")
        small = await compressed(body.data, asked.headers.get("Accept-Encoding"))
        if small is not None:
            response.set_data(small)
            response.headers.update(of_compressed(response.headers.get("ETag")))
        return response


def is_text(media_type: str | None) -> bool:
    """Whether compression makes it smaller."""
    return media_type in _TEXTS


def takes_compressed() -> bool:
    return takes_gzip(itself(request).headers.get("Accept-Encoding"))


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str | None) -> bool:
    return bool(parse_accept_header(accept_encoding).quality("gzip"))


@lru_cache(maxsize=256)
def compressed_file(path: Path, tag: str) -> bytes:
    """As small as it gets, once for each version of the file, which its `tag` tells apart."""
    del tag
    return gzip.compress(path.read_bytes(), _SMALL, mtime=0)


def _is_compressible(asked: Request, response: Response, app: Quart) -> bool:
    """Only what is read: what is made may hold a secret, such as a token or a join code."""
    return (
        asked.method in {"GET", "HEAD"}
        and response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
        and is_text(response.mimetype)
        and not hasattr(app.view_functions.get(asked.endpoint or ""), "is_uncompressed")
    )


async def compressed(body: bytes, accept_encoding: str | None) -> bytes | None:
    """A smaller body, where it pays and the client takes it."""
    if len(body) < LEAST_BYTES or not takes_gzip(accept_encoding):
        return None
    is_quick = len(body) <= _AT_ONCE_BYTES
    return _padded(body) if is_quick else await asyncio.to_thread(_padded, body)


def of_compressed(tag: str | None) -> dict[str, str]:
    """The headers of what was compressed; its tag becomes weak."""
    encoding = {"Content-Encoding": "gzip"}
    return encoding if tag is None else {**encoding, "ETag": f"W/{tag.removeprefix('W/')}"}


def _padded(data: bytes) -> bytes:
    """Compressed, with a name of random length, as Django pads it: "Heal the Breach" (2022)."""
    length = secrets.randbelow(_MAX_PADDING_BYTES + 1)
    packed = io.BytesIO()
    with gzip.GzipFile("x" * length, "wb", _QUICK, packed, mtime=0) as file:
        file.write(data)
    return packed.getvalue()
