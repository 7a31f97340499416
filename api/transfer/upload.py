"""Receives a file as multipart/form-data: streamed to the disk, counted on the way."""

import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

from quart import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, NeedData

from api.adapters.quart import FormDecoder
from api.context import caller, limited, meter, read, services, settings, write
from api.forms import Form
from api.middleware.idempotent import HEADER
from model.errors import Invalid
from model.file import Upload, has_content, kept_bytes, require_room
from model.limit import Action, uploaded_kb
from model.storage.blob import Blob, expect_blob
from model.storage.incoming import Incoming, Room, incoming
from model.text.typed import clean_name

View = Callable[..., Awaitable[Any]]

MAX_NAME_CHARS = 255
MAX_PARTS = 20
PIECE_BYTES = 256 * 1024
MAX_UNPARSED_BYTES = 4 * PIECE_BYTES
OVERHEAD_BYTES = 4096  # of the form round the file
UNKNOWN = "application/octet-stream"
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")


class FileForm(Form):
    """One part: a file, with its name."""

    file: bytes


@dataclass
class Received:
    arriving: Incoming
    name: str = ""
    media_type: str = UNKNOWN

    @property
    def file(self) -> Path:
        return self.arriving.file


def takes_file(view: View) -> View:
    """Keep an uploaded file, then call the view with it. Stands above `@idempotent`."""

    @wraps(view)
    async def receive(*arguments: Any, **values: Any) -> Any:
        async with received(settings().max_file_bytes, await _room()) as came:
            size = await services().pictures.measured(came.file)
            blob = await _kept(came.arriving)
        upload = Upload(came.name, came.media_type, blob, size)
        return await view(*arguments, data=upload, **values)

    return receive


async def _room() -> Room:
    """What is left of the quota; with a key all of it, since a repeated file may be there."""
    if HEADER in request.headers:
        return passing_room()
    async with read() as db:
        kept = await kept_bytes(db, by=caller())
    return replace(passing_room(), kept_bytes=kept)


def passing_room() -> Room:
    """Room for what comes, but is not kept as it came."""
    return Room(caller().id, settings().user_quota_bytes, 0)


async def count_bytes(size_bytes: int) -> None:
    """Count bytes that will be kept, since those of deleted files stay for a day.

    Raises TooMany. It counts them whether they are there already or not: nobody learns which are.
    """
    rule = uploaded_kb(settings().user_quota_mb)
    await limited(Action(rule, f"user:{caller().id}", math.ceil(size_bytes / 1024)))


async def _kept(arriving: Incoming) -> Blob:
    async with read() as db:
        if not await has_content(db, arriving.sha256, by=caller()):
            await require_room(db, arriving.size_bytes, settings().user_quota_bytes, by=caller())
    await count_bytes(arriving.size_bytes)
    async with write() as db:
        blob = await expect_blob(db, arriving.sha256, arriving.size_bytes)
    await services().store.put(blob.key, arriving.file)
    return blob


@asynccontextmanager
async def received(max_bytes: int, room: Room) -> AsyncIterator[Received]:
    """The part `file` on the disk until the end.

    Raises Invalid, what `Incoming.reserve` raises, or 408, 413, 415.
    """
    announced = (request.content_length or 0) - OVERHEAD_BYTES
    if announced > max_bytes:
        raise RequestEntityTooLarge
    async with incoming(services().incoming, room) as arriving:
        came = Received(arriving)
        await arriving.reserve(max(1, announced))
        await _receive(came, max_bytes)
        await arriving.finish()
        meter().uploaded(arriving.size_bytes)
        yield came


async def _receive(came: Received, max_bytes: int) -> None:
    wrong: dict[str, str] = {}
    is_there = is_file = False
    async for part in _parts():
        if isinstance(part, Data) and is_file:
            if came.arriving.size_bytes + len(part.data) > max_bytes:
                raise RequestEntityTooLarge
            await came.arriving.write(part.data)
        elif isinstance(part, File) and part.name == "file" and not is_there:
            is_there = is_file = True
            came.name, came.media_type = name_of(part.filename, wrong), _media_type(part)
        elif isinstance(part, Field | File):
            is_file = False
            wrong[part.name or "body"] = "The form has one part: a file, named “file”."
    if not is_there:
        wrong["file"] = "It is missing."
    elif not came.arriving.size_bytes:
        wrong.setdefault("file", "It is empty.")
    if wrong:
        raise Invalid(wrong)


async def _parts() -> AsyncIterator[Event]:
    media_type, options = parse_options_header(request.headers.get("Content-Type"))
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType
    boundary = options.get("boundary", "").encode("latin-1", "replace")
    try:
        decoder = FormDecoder(boundary, MAX_UNPARSED_BYTES, max_parts=MAX_PARTS)
        async for data in request.body:
            for start in range(0, len(data), PIECE_BYTES):
                decoder.receive_data(data[start : start + PIECE_BYTES])
                while not isinstance(event := decoder.next_event(), NeedData):
                    yield event
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue):
            yield event
    except ValueError:
        raise Invalid({"body": "It is not valid multipart/form-data."}) from None


def name_of(given: str, wrong: dict[str, str]) -> str:
    """The name without the folders that some clients send (RFC 7578, 4.2)."""
    name = re.sub(r"[\n\r\t]", " ", clean_name(re.split(r"[/\\]", given)[-1]))
    if not 0 < len(name) <= MAX_NAME_CHARS or name in {".", ".."}:
        wrong["file"] = f"Its name has 1 to {MAX_NAME_CHARS} characters."
    return name


def _media_type(part: File) -> str:
    given = parse_options_header(part.headers.get("Content-Type"))[0].lower()
    return given if MEDIA_TYPE.fullmatch(given) else UNKNOWN
