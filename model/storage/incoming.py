"""Bytes that are coming in: in a file of their own until all are there, and digested on the way.

Each process has a folder of its own. One that dies leaves its files behind, but not the lock on the
folder; whoever starts next clears the folders that are free.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

from model.database.lock import locked
from model.errors import NotFound
from model.storage.store import Store, refusing_when_full


class Incoming:
    """The file that bytes are written to while they come in."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.size_bytes = 0
        self._digest = hashlib.sha256()
        self._opened = file.open("xb", 0)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Raises StorageFull."""
        self.size_bytes += len(chunk)
        with refusing_when_full():
            await asyncio.to_thread(self._write, chunk)

    async def finish(self) -> None:
        """Make all bytes durable. Raises StorageFull."""
        with refusing_when_full():
            await asyncio.to_thread(self._finish)

    def close(self) -> None:
        self._opened.close()
        self.file.unlink(missing_ok=True)

    def _write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._opened.write(rest) :]
        self._digest.update(chunk)

    def _finish(self) -> None:
        os.fsync(self._opened.fileno())
        self._opened.close()


@asynccontextmanager
async def incoming(folder: Path) -> AsyncIterator[Incoming]:
    """A new file in the folder. At the end it is deleted, unless it was moved to where it stays."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    arriving = await asyncio.to_thread(Incoming, folder / secrets.token_hex(8))
    try:
        yield arriving
    finally:
        await asyncio.to_thread(arriving.close)


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
