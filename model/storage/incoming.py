"""Bytes that are coming in: in a file of their own until all are there, and digested on the way.

Each process has a folder of its own. One that dies leaves its files behind, but not the lock on the
folder; whoever starts next clears the folders that are free.
"""

import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from model.database.lock import locked
from model.errors import NotFound, QuotaFull, TooMany, TryAgain
from model.storage.store import Store, refusing_when_full
from model.storage.thread import in_thread, opened_in_thread

MAX_COMING = 20  # files of one person
_MORE_BYTES = 1024 * 1024
_COME_BACK_AFTER_S = 5
_RESERVED_WITHIN_S = 5.0  # by all who reserve at the same moment


@dataclass(frozen=True)
class Room:
    """What one person may have coming in, in the folders of all processes of this machine."""

    user_id: int
    quota_bytes: int
    kept_bytes: int

    def taken_beside(self, file: Path) -> list[int]:
        """The bytes that are reserved for each other file of the person."""
        files = file.parent.parent.glob(f"*/{self.user_id}-*")
        return [length for other in files if other != file and (length := _length(other))]


class Incoming:
    """The file that bytes are written to while they come in.

    It is at once as long as what is reserved, so that its length is what counts.
    """

    def __init__(self, file: Path, room: Room | None) -> None:
        self.file = file
        self.size_bytes = 0
        self._room = room
        self._reserved_bytes = 0
        self._digest = hashlib.sha256()
        self._opened = file.open("xb", 0)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def reserve(self, size_bytes: int, *, more_bytes: int = 0) -> None:
        """Reserve room for so many bytes, and for some more while there is any.

        Raises QuotaFull, TooMany when too many files of this person are coming in, StorageFull,
        and TryAgain.
        """
        with refusing_when_full():
            await in_thread(self._reserve, size_bytes, more_bytes)

    async def write(self, chunk: bytes) -> None:
        """Raises what `reserve` raises when more comes than was expected."""
        self.size_bytes += len(chunk)
        if self._room is not None and self.size_bytes > self._reserved_bytes:
            await self.reserve(self.size_bytes, more_bytes=_MORE_BYTES)
        with refusing_when_full():
            await in_thread(self._write, chunk)

    async def finish(self) -> None:
        """Make all bytes durable. Raises StorageFull."""
        with refusing_when_full():
            await in_thread(self._finish)

    def close(self) -> None:
        self._opened.close()
        self.file.unlink(missing_ok=True)

    def _reserve(self, size_bytes: int, more_bytes: int) -> None:
        assert self._room is not None
        lock = self.file.parent.parent / "reserving.lock"
        with locked(lock, wait_s=_RESERVED_WITHIN_S) as is_ours:
            if not is_ours:
                raise TryAgain
            taken = self._room.taken_beside(self.file)
            if len(taken) >= MAX_COMING:
                raise TooMany(
                    f"You are uploading {MAX_COMING} files already.",
                    retry_after_s=_COME_BACK_AFTER_S,
                )
            free = self._room.quota_bytes - self._room.kept_bytes - sum(taken)
            if size_bytes > free:
                raise QuotaFull(self._room.quota_bytes)
            self._reserved_bytes = min(size_bytes + more_bytes, free)
            self._opened.truncate(self._reserved_bytes)

    def _write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._opened.write(rest) :]
        self._digest.update(chunk)

    def _finish(self) -> None:
        self._opened.truncate(self.size_bytes)
        os.fsync(self._opened.fileno())
        self._opened.close()


def _length(file: Path) -> int:
    with suppress(FileNotFoundError):  # all has come, just now
        return file.stat().st_size
    return 0


@asynccontextmanager
async def incoming(folder: Path, room: Room | None = None) -> AsyncIterator[Incoming]:
    """A new file in the folder. At the end it is deleted, unless it was moved to where it stays.

    Bytes that a person sends take `room`: reserve what is expected before anything is written.
    Raises StorageFull or TryAgain.
    """
    name = secrets.token_hex(8)
    file = folder / (name if room is None else f"{room.user_id}-{name}")
    async with opened_in_thread(_begin, file, room) as arriving:
        yield arriving


def _begin(file: Path, room: Room | None) -> Incoming:
    with refusing_when_full():
        file.parent.mkdir(parents=True, exist_ok=True)
        return Incoming(file, room)


async def put_content(store: Store, folder: Path, key: str, content: bytes) -> None:
    """Put something small that was made here into the store. Raises StorageFull or TryAgain."""
    async with incoming(folder) as arriving:
        await arriving.write(content)
        await arriving.finish()
        await store.put(key, arriving.file)


async def read_content(store: Store, key: str, most_bytes: int) -> bytes:
    """All bytes of something small. Raises NotFound."""
    try:
        return b"".join([chunk async for chunk in store.read(key, 0, most_bytes)])
    except FileNotFoundError:
        raise NotFound("picture") from None


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """A folder that no other process uses until the end of the block.

    What processes that are gone have left in theirs is deleted.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for folder in filter(Path.is_dir, parent.iterdir()):
        with _claimed(folder):
            pass
    for number in count():
        folder = parent / str(number)
        with _claimed(folder) as is_ours:
            if is_ours:
                yield folder
                return


@contextmanager
def _claimed(folder: Path) -> Iterator[bool]:
    """Whether the folder was free: then it is cleared, and ours until the end of the block."""
    with locked(folder.with_suffix(".lock")) as is_ours:
        if is_ours and folder.exists():
            for file in folder.iterdir():
                file.unlink()
        yield is_ours
