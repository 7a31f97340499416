"""Makes a backup: an archive that is whole, or not there.

It is written in a folder beside the place where it will be. That has the name of the epoch, so that
the next run knows, and removes, what one that was killed has left.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from sqlalchemy import func, select

from model.backups.archive import DATABASE, FILES, FORMAT, Archive, Manifest, NewArchive, Told
from model.backups.snapshot import bytes_of, content_of, copy_database, needed_blobs
from model.collector import IS_NEEDED
from model.database.lock import taken
from model.database.table import now
from model.database.unit_of_work import Database
from model.errors import TryAgain
from model.log.event import Epochs
from model.storage.blob import Blob, Blobs
from model.storage.store import Store, chunks_of, make_durable, refusing_when_full
from model.storage.thread import in_thread

_WAITS_FOR_THE_JOBS_S = 600
_TRIES_AGAIN_AFTER_S = 0.5
_EPOCH = select(Epochs.name)
_FILE_BYTES = select(func.coalesce(func.sum(Blobs.size_bytes), 0)).where(IS_NEEDED)


@dataclass(frozen=True)
class MadeBackup:
    """An archive that was made of everything at one moment; the digest is of the whole file.

    Of `lost_files` the store has not got the bytes that were uploaded.
    """

    at: datetime
    size_bytes: int
    sha256: str
    lost_files: int


class _Progress:
    """How much is done. The database is copied, packed and read again; files are not copied."""

    def __init__(self, database_bytes: int, file_bytes: int, told: Callable[[int, int], None]):
        self._told = told
        self._done, self._total = 0, 3 * database_bytes + 2 * file_bytes

    def to(self, done: int) -> None:
        self._done = min(done, self._total)
        self._told(self._done, self._total)

    def add(self, done: int) -> None:
        self.to(self._done + done)

    def finish(self) -> None:
        self.to(self._total)


async def make_backup(
    database: Database,
    store: Store | None,
    file: Path,
    told: Callable[[int, int], None],
    *,
    version: str,
    lock: Path,
) -> MadeBackup:
    """Make an archive of the database, and of the files unless there is no store.

    It waits for the lock of the jobs, and holds it: nobody takes bytes away meanwhile. `told` hears
    how many bytes of work are done, and of how many. `version` is that of this code. What was at
    `file` is replaced at the end. Raises StorageFull, TryAgain, and Unusable when the disk has not
    kept what was written.
    """
    async with _alone(database, lock), _workshop(database, file.parent) as folder:
        progress = _Progress(*await _sizes(database, store), told)
        copy, archive = folder / DATABASE, folder / "archive.zip"
        at = now()
        await copy_database(database, copy, progress.to)
        with refusing_when_full():
            sha256, lost_files = await _pack(copy, archive, store, at, version, progress.add)
            await _read_again(archive, progress.add)
            size_bytes = archive.stat().st_size
            archive.replace(file)
            await asyncio.to_thread(make_durable, file.parent)
        progress.finish()
        return MadeBackup(at, size_bytes, sha256, lost_files)


@asynccontextmanager
async def _alone(database: Database, lock: Path) -> AsyncIterator[None]:
    """Hold the lock of the jobs. Raises TryAgain when it does not become free."""
    deadline = monotonic() + _WAITS_FOR_THE_JOBS_S
    while monotonic() < deadline:
        async with taken(database, lock) as is_ours:
            if is_ours:
                yield
                return
        await asyncio.sleep(_TRIES_AGAIN_AFTER_S)
    detail = "Another backup is being made, or what is old is being cleared away. Try again later."
    raise TryAgain(detail=detail)


@asynccontextmanager
async def _workshop(database: Database, place: Path) -> AsyncIterator[Path]:
    """A new folder at a place, for what is not whole yet."""
    async with database.read() as db:
        folder = place / f"homeroom-{await db.scalar_one(_EPOCH)}.part"
    with refusing_when_full():
        await in_thread(_empty, folder)
    try:
        yield folder
    finally:
        await in_thread(shutil.rmtree, folder)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


async def _sizes(database: Database, store: Store | None) -> tuple[int, int]:
    """How many bytes the database has, and the files that are wanted, more or less."""
    file_bytes = 0
    if store is not None:
        async with database.read() as db:
            file_bytes = int(await db.scalar_one(_FILE_BYTES))
    return await bytes_of(database), file_bytes


async def _pack(
    copy: Path, archive: Path, store: Store | None, at: datetime, version: str, told: Told
) -> tuple[str, int]:
    """Write an archive; its digest, and how many files are lost."""
    content = await in_thread(content_of, copy)
    blobs = await in_thread(needed_blobs, copy) if store else []
    with closing(NewArchive(archive, at)) as new:
        await new.add(DATABASE, chunks_of(copy, 0, content.size_bytes), told)
        lost_files = await _pack_files(new, store, blobs, told) if store else 0
        manifest = Manifest(
            format=FORMAT,
            version=version,
            head=content.head,
            epoch=content.epoch,
            made_at=at,
            has_files=store is not None,
            rows=content.rows,
            parts=new.parts,
        )
        return await new.finish(manifest), lost_files


async def _pack_files(new: NewArchive, store: Store, blobs: Sequence[Blob], told: Told) -> int:
    """Add the bytes of all blobs; of how many they are not there, or not what was uploaded."""
    lost = 0
    for blob in blobs:
        name = FILES + blob.key
        async with aclosing(store.read(blob.key, 0, blob.size_bytes)) as pieces:
            try:
                await new.add(name, pieces, told)
            except FileNotFoundError:
                lost += 1
            else:
                lost += new.parts[name].sha256 != blob.sha256
    return lost


async def _read_again(archive: Path, told: Told) -> None:
    with closing(await in_thread(Archive, archive)) as written:
        for name in written.manifest.parts:
            told(await in_thread(written.check, name))
