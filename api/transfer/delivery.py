"""Answers with bytes: all of them, a range, or 304 when the client has them already.

All bytes go out through `_delivered`, so that a range is the same everywhere.
"""

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from quart import Response, request, send_from_directory
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header

from api.middleware.compress import LEAST_BYTES, compressed_file, is_text, takes_compressed
from model.documents.precondition import as_made
from model.errors import NotFound
from model.storage.blob import Blob
from model.storage.store import Store, chunks_of

F = TypeVar("F", bound=Callable[..., Any])
Reader = Callable[[int, int], AsyncGenerator[bytes, None]]
"""Gives bytes from one place to before another."""

JUDGED = "private, no-cache"  # kept by the client, but the right to read is judged each time
HARMLESS = "sandbox; default-src 'none'"  # whatever it is, nothing in it runs
UNKNOWN, CSV = "application/octet-stream", "text/csv"
PLAYABLE = {
    "image/png", "image/jpeg", "image/gif", "image/webp",
    "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac", "audio/ogg", "audio/webm",
    "audio/wav", "audio/x-wav", "audio/flac",
    "video/mp4", "video/webm", "video/ogg", "video/quicktime",
}  # fmt: skip


def delivers(*media_types: str) -> Callable[[F], F]:
    """Say what types of bytes a view answers."""

    def mark(view: F) -> F:
        view.delivers = media_types  # type: ignore[attr-defined] # for api/docs/openapi.py
        return view

    return mark


async def deliver_file(store: Store, blob: Blob, name: str, media_type: str) -> Response:
    """A file to save, never to show: 200, 206 with the range asked for, or 304; raises 416."""
    response = _to_save(name, media_type, blob.sha256)
    return await _delivered(response, blob.size_bytes, partial(store.read, blob.key))


async def deliver_archive(file: Path, sha256: str) -> Response:
    """A file of this machine to save, under its own name; with a range as `deliver_file`."""
    response = _to_save(file.name, UNKNOWN, sha256)
    size_bytes = (await asyncio.to_thread(file.stat)).st_size
    return await _delivered(response, size_bytes, partial(chunks_of, file))


def _to_save(name: str, media_type: str, tag: str) -> Response:
    response = Response(content_type=_harmless(media_type))
    response.headers["Content-Disposition"] = _attachment(name)
    response.headers["Content-Security-Policy"] = HARMLESS
    response.headers["Cache-Control"] = JUDGED
    response.set_etag(tag)
    return response


async def deliver_picture(picture: bytes, tag: str, cached: str) -> Response:
    """A picture to show, which is safe because we made it; with a range as `deliver_file`."""
    response = Response(content_type="image/webp")
    response.headers["Cache-Control"] = cached
    response.set_etag(tag)
    return await _delivered(response, len(picture), partial(_part, picture))


async def deliver_table(table: str, name: str) -> Response:
    """A CSV file to save, made just now; with a range as `deliver_file`."""
    content = table.encode()
    response = Response(content_type=f"{CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = _attachment(name)
    response.headers["Cache-Control"] = JUDGED
    response.set_etag(hashlib.sha256(content).hexdigest())
    return await _delivered(response, len(content), partial(_part, content))


async def deliver_static(folder: Path, name: str, cached: str) -> Response:
    """A file of a folder that is for everybody; with a range as `deliver_file`. Raises 404.

    A name with `.` or `..` on its way is none: browsers resolve them before they ask.
    """
    if name != posixpath.normpath(name):
        raise NotFound
    try:
        response = await send_from_directory(folder, name, conditional=False)
    except OSError:  # no file can have this name
        raise NotFound from None
    response.headers["Cache-Control"] = cached
    size = response.content_length or 0
    if is_text(response.mimetype) and size >= LEAST_BYTES:
        response.vary.add("Accept-Encoding")
        if takes_compressed():
            tag, _ = response.get_etag()
            small = await asyncio.to_thread(compressed_file, folder / name, str(tag))
            response.headers["Content-Encoding"] = "gzip"
            response.set_etag(f"{tag}-gzip")
            return await _delivered(response, len(small), partial(_part, small))
    return await _delivered(response, size, partial(chunks_of, folder / name))


async def _part(data: bytes, start: int, end: int) -> AsyncGenerator[bytes, None]:
    yield data[start:end]


def client_has(tag: str) -> bool:
    """Whether the client says that it has this version; `tag` is without its quotes."""
    given = request.if_none_match
    known = {as_made(f'"{one}"') for one in given.as_set(include_weak=True)}
    return given.star_tag or as_made(f'"{tag}"') in known


async def _delivered(response: Response, size: int, read: Reader) -> Response:
    """All bytes, the range that was asked for, or 304. Raises 416."""
    response.response = response.iterable_body_class([])
    response.headers["Accept-Ranges"] = "bytes"
    if _is_known(response):
        response.status_code = 304
        del response.content_length
        return response
    start, end = _asked_for(size, response.headers["ETag"])
    if end - start < size:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.headers["Content-Length"] = str(end - start)
    response.timeout = None  # a client that takes nothing is the kernel's to give up
    if request.method != "HEAD":
        response.response = response.iterable_body_class(await _begun(read(start, end)))
    return response


def _is_known(response: Response) -> bool:
    """Whether the client has it already (RFC 9110, 13.2.2)."""
    if "If-None-Match" in request.headers:
        return client_has(response.get_etag()[0] or "")
    made, known = response.last_modified, request.if_modified_since
    return made is not None and known is not None and made <= known


def _asked_for(size: int, tag: str) -> tuple[int, int]:
    """The first byte and the one behind the last. HEAD and several ranges get all of it.

    So does whoever has begun to fetch something else (If-Range).
    """
    asked = request.headers.get("Range") if request.method == "GET" else None
    ranges = parse_range_header(asked)
    is_of_this = request.headers.get("If-Range", tag) == tag
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1 or not is_of_this:
        return 0, size
    start, end = ranges.ranges[0]
    if start < 0:
        start = max(0, size + start)
    if start >= size:
        raise RequestedRangeNotSatisfiable(size)
    return start, size if end is None else min(end, size)


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
    return media_type if media_type in PLAYABLE else UNKNOWN


def _attachment(name: str) -> str:
    """The Content-Disposition of RFC 6266: the name in ASCII for old clients, and in full."""
    plain = name.encode("ascii", "replace").decode().translate(str.maketrans('"\\%', "___"))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
