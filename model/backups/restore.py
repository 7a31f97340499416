"""Puts a backup back, as a whole or not at all: whenever it is killed, it can be repeated.

The archive is checked first, and its database made ready beside that of before. Then come the bytes
of the files: their keys never mean something else, so that nobody minds them. Then the database
takes its place, in one step. What was there is kept aside.
"""

import hashlib
import re
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from model.backups.anew import begin_anew
from model.backups.archive import DATABASE, FILES, Archive, Part, Told, Unusable
from model.backups.in_place import SQLitePlace, keep_files, remove_unnamed
from model.backups.in_postgresql import PostgreSQLPlace
from model.backups.snapshot import needed_blobs
from model.database.table import now
from model.schema import SchemaMismatch, code_head
from model.storage.blob import Blob
from model.storage.incoming import incoming, own_folder
from model.storage.store import FolderStore, Store, make_durable, refusing_when_full

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}-[0-9]+", re.ASCII)


@dataclass(frozen=True)
class Restored:
    """What was there is in the folder `before` now, if anything was.

    On PostgreSQL its tables are in a schema with the same name, but for `_` in it. Of `lost_files`
    there are no bytes, neither in the archive nor in the store.
    """

    before: Path | None
    lost_files: int


async def restore_backup(
    archive: Archive,
    address: URL,
    store: Store,
    instance: Path,
    told: Callable[[int, int], None],
) -> Restored:
    """Put a backup in the place of a database and its files, which nobody may be using.

    `told` hears how many bytes are done, and of how many. Raises Unusable, InUse, StorageFull and
    TryAgain; then nothing is changed.
    """
    progress = _Progress(archive, told)
    _check(archive, progress.add)
    place = _place(address, instance)
    with (
        refusing_when_full(),
        _workshop(place) as before,
        own_folder(instance / "incoming") as coming,
    ):
        copy = before.with_name(DATABASE)
        await _make_ready(archive, copy, await place.last_ids())
        blobs = needed_blobs(copy)
        if isinstance(store, FolderStore):
            keep_files(store.root, before / "files")
        lost_files = await _put_files(archive, blobs, store, coming, progress.add)
        await place.replace(copy, before, progress.to_percent)
        kept = _keep(place, before)
        if isinstance(store, FolderStore):
            remove_unnamed(store.root, {blob.key for blob in blobs})
    return Restored(kept, lost_files)


class _Progress:
    """How much is done: all parts are read and put where they belong, the database in two steps."""

    def __init__(self, archive: Archive, told: Callable[[int, int], None]) -> None:
        parts = archive.manifest.parts
        self._all = sum(part.size_bytes for part in parts.values())
        self._database = parts[DATABASE].size_bytes
        self._done = 0
        self._told = told

    def add(self, done: int) -> None:
        self._done += done
        self._told(self._done, 2 * self._all + self._database)

    def to_percent(self, percent: int) -> None:
        """Of the last step, which is the database's."""
        self._told(2 * self._all + self._database * percent // 100, 2 * self._all + self._database)


def _check(archive: Archive, told: Told) -> None:
    """Raises Unusable unless this code can restore it, and each part is what was put in."""
    manifest = archive.manifest
    if manifest.head > code_head():
        raise Unusable(f"The backup is of newer code ({manifest.version}): update this one first.")
    for name in manifest.parts:
        told(archive.check(name))


def _place(address: URL, instance: Path) -> SQLitePlace | PostgreSQLPlace:
    if address.get_backend_name() == "sqlite":
        assert address.database, "a database in memory has no file"
        return SQLitePlace(Path(address.database))
    return PostgreSQLPlace(address, instance)


@contextmanager
def _workshop(place: SQLitePlace | PostgreSQLPlace) -> Iterator[Path]:
    """A new folder for what was there before, in another one for what is not in its place yet.

    A run that was killed just after all was in its place has left there what was there before.
    """
    folder = place.folder / "restoring"
    for before in folder.glob("before-*"):
        if place.was_replaced(before):
            _keep(place, before)
    shutil.rmtree(folder, ignore_errors=True)
    before = folder / f"before-{now():%Y%m%d-%H%M%S}"
    before.mkdir(parents=True)
    try:
        yield before
    finally:
        shutil.rmtree(folder)


def _keep(place: SQLitePlace | PostgreSQLPlace, before: Path) -> Path | None:
    """Give what was there before its place for good, if anything was."""
    if not any(before.iterdir()):
        return None
    kept = before.rename(place.folder / before.name)
    make_durable(place.folder)
    return kept


async def _make_ready(archive: Archive, copy: Path, given: Mapping[str, int]) -> None:
    """Unpack the database, and have it begin a new life."""
    with copy.open("xb") as opened:
        for piece in archive.pieces(DATABASE):
            opened.write(piece)
    try:
        await begin_anew(copy, archive.manifest.made_at, given)
    except SchemaMismatch as error:
        raise Unusable(str(error)) from None


async def _put_files(
    archive: Archive, blobs: list[Blob], store: Store, folder: Path, told: Told
) -> int:
    """Put the bytes of all blobs where they belong; how many are nowhere."""
    lost = 0
    for blob in blobs:
        if not _KEY.fullmatch(blob.key):
            raise Unusable(f"The backup is damaged: {blob.key} is no key.")
        part = archive.manifest.parts.get(FILES + blob.key)
        if await _is_there(store, blob.key, part or Part(blob.size_bytes, blob.sha256)):
            told(blob.size_bytes)
        elif part is None:
            lost += 1
        else:
            async with incoming(folder) as arriving:
                for piece in archive.pieces(FILES + blob.key):
                    await arriving.write(piece)
                    told(len(piece))
                await arriving.finish()
                await store.put(blob.key, arriving.file)
    return lost


async def _is_there(store: Store, key: str, part: Part) -> bool:
    """Whether a store has these bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    pieces: AsyncGenerator[bytes, None] = store.read(key, 0, part.size_bytes)
    async with aclosing(pieces):
        try:
            async for piece in pieces:
                digest.update(piece)
                size_bytes += len(piece)
        except FileNotFoundError:
            return False
    return Part(size_bytes, digest.hexdigest()) == part
