"""Uploaded files in a ZIP, as they were uploaded."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass

from sqlalchemy import select

from model.database.json_rows import json_object, json_rows, number
from model.database.row import columns_of, load_all
from model.database.unit_of_work import Transaction
from model.exporting.html_page import name_in_zip
from model.exporting.pieces import Advance
from model.exporting.zip_file import NewZip
from model.file import Files
from model.storage.blob import Blob, Blobs
from model.storage.store import Store

_AT_ONCE = 100
_these = json_rows("ids")
_FIND = (
    select(Files.id, Files.name, *columns_of(Blobs, Blob, "blob_"))
    .join_from(_these, Files, Files.id == number(_these.c.key))
    .join(Blobs, Blobs.id == Files.blob_id)
    .order_by(Files.id)
)


@dataclass(frozen=True)
class StoredFile:
    id: int
    name: str
    blob: Blob


async def add_files(
    made: NewZip,
    store: Store,
    sizes: Mapping[int, int],
    judged: Callable[[], AbstractAsyncContextManager[Transaction]],
    advance: Advance,
) -> None:
    """Add files by their ids; those that are deleted meanwhile are left out.

    `sizes` are their bytes, and `judged` is a unit of work in which the right to them was judged.
    """
    total, done = max(1, sum(sizes.values())), 0
    ids = sorted(sizes)
    for start in range(0, len(ids), _AT_ONCE):
        async with judged() as db:
            rows = await db.all(_FIND, ids=json_object(ids[start : start + _AT_ONCE]))
        for file in load_all(StoredFile, rows):
            await _add(made, store, file)
            done += file.blob.size_bytes
            await advance(50 + 49 * done // total)


async def _add(made: NewZip, store: Store, file: StoredFile) -> None:
    size = file.blob.size_bytes
    async with aclosing(store.read(file.blob.key, 0, size)) as pieces:
        try:
            first = await anext(pieces, b"")
        except FileNotFoundError:
            return
        await made.add(name_in_zip(file.id, file.name), _all(first, pieces), size=size)


async def _all(first: bytes, others: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in others:
        yield piece
