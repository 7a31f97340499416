"""Answers with bytes: all of them, a range, or 304 when the client has them already."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar
from urllib.parse import quote

from quart import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header

from model.errors import NotFound
from model.storage.blob import Blob
from model.storage.store import Store

F = TypeVar("F", bound=Callable[..., Any])

JUDGED = "private, no-cache"  # kept by the client, but the right to read is judged each time
HARMLESS = "sandbox; default-src 'none'"  # whatever it is, nothing in it runs
UNKNOWN = "application/octet-stream"
PLAYABLE = ("audio/", "video/", "image/png", "image/jpeg", "image/gif", "image/webp")


def delivers(media_type: str, **others: str | None) -> Callable[[F], F]:
    """Say what a view answers; `others` are statuses, such as `s304`, with their media types."""

    def mark(view: F) -> F:
        more = {status.removeprefix("s"): kind for status, kind in others.items()}
        view.delivers = {"200": media_type, **more}  # type: ignore[attr-defined] # for api/docs/openapi.py
        return view

    return mark


async def deliver_file(store: Store, blob: Blob, name: str, media_type: str) -> Response:
    """A file to save, never to show: 200, 206 with the range asked for, or 304; raises 416."""
    response = Response(content_type=_harmless(media_type))
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = _attachment(name)
    response.headers["Content-Security-Policy"] = HARMLESS
    if _client_has(response, blob.sha256, JUDGED):
        return response
    start, end = _asked_for(blob)
    if end - start < blob.size_bytes:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size_bytes}"
    response.headers["Content-Length"] = str(end - start)
    response.timeout = None  # a client that takes nothing is the kernel's to give up
    if request.method != "HEAD":
        chunks = await _begun(store.read(blob.key, start, end))
        response.response = response.iterable_body_class(chunks)
    return response


def deliver_picture(picture: bytes, tag: str, cached: str) -> Response:
    """A picture to show, which is safe because we made it."""
    response = Response(content_type="image/webp")
    if not _client_has(response, tag, cached):
        response.set_data(picture)
    return response


def client_has(tag: str) -> bool:
    return request.if_none_match.contains_weak(tag)


def _client_has(response: Response, tag: str, cached: str) -> bool:
    response.set_etag(tag)
    response.headers["Cache-Control"] = cached
    if client_has(tag):
        response.status_code = 304
    return response.status_code == 304  # noqa: PLR2004 - not modified


def _asked_for(blob: Blob) -> tuple[int, int]:
    """The first byte and the one behind the last. HEAD and several ranges get the whole file."""
    asked = request.headers.get("Range") if request.method == "GET" else None
    size, ranges = blob.size_bytes, parse_range_header(asked)
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1 or _has_changed(blob):
        return 0, size
    start, end = ranges.ranges[0]
    if start < 0:
        start = max(0, size + start)
    if start >= size:
        raise RequestedRangeNotSatisfiable(size)
    return start, size if end is None else min(end, size)


def _has_changed(blob: Blob) -> bool:
    """Whether the file is another one than the client has begun to fetch (If-Range)."""
    condition = request.if_range
    return condition.date is not None or condition.etag not in {None, blob.sha256}


async def _begun(chunks: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """The same chunks, the first one read already; raises NotFound before the answer begins."""
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        raise NotFound("file") from None

    async def all_of_it() -> AsyncIterator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return all_of_it()


def _harmless(media_type: str) -> str:
    """A media type that no browser would run or lay out as a page of ours."""
    return media_type if media_type.startswith(PLAYABLE) else UNKNOWN


def _attachment(name: str) -> str:
    """The Content-Disposition of RFC 6266: the name in ASCII for old clients, and in full."""
    plain = name.encode("ascii", "replace").decode().translate(str.maketrans('"\\%', "___"))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
