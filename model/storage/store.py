"""Stores: bytes under keys. Here they are in a folder, in model/storage/s3.py in a bucket.

A store knows no tables.
"""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Protocol

from model.errors import DiskFailed, StorageFull, TryAgain
from model.storage.thread import in_thread, opened_in_thread

CHUNK_BYTES = 256 * 1024  # a client that takes nothing keeps one or two in memory
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # the disk, a quota, the limit of a process
_TOO_MANY_OPEN = {errno.EMFILE, errno.ENFILE}
_FAILED = {errno.EIO, errno.EROFS, errno.ESTALE}  # it may be mounted again


class Unusable(Exception):
    """Files cannot be kept in the store. The message is for whoever starts the server."""


class Store(Protocol):
    async def put(self, key: str, file: Path) -> None:
        """Put all bytes of a file under a key, durably, or none of them. Raises StorageFull.

        `file` may be gone then.
        """

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes from `start` to before `end`, or to the last one.

        Raises FileNotFoundError before the first.
        """

    async def remove(self, key: str) -> None:
        """Remove the bytes under a key, if there are any."""


class FolderStore:
    """The store in the folder `root`.

    Files are moved there, so they have to be on the same file system.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    async def put(self, key: str, file: Path) -> None:
        with refusing_when_full():
            await asyncio.to_thread(self._move, file, self.root / key)

    def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        return chunks_of(self.root / key, start, end)

    async def remove(self, key: str) -> None:
        await asyncio.to_thread((self.root / key).unlink, missing_ok=True)

    def _move(self, file: Path, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
        for folder in (place.parent, self.root):
            make_durable(folder)


async def chunks_of(file: Path, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """The bytes of a file from `start` to before `end`, in chunks of 256 KiB."""
    if end - start <= CHUNK_BYTES:  # as most files are: one turn in a thread instead of three
        if chunk := await in_thread(_read, file, start, end):
            yield chunk
        return
    async with opened_in_thread(_open, file, start) as opened:
        while start < end:
            chunk = await in_thread(opened.read, min(CHUNK_BYTES, end - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk


def _read(file: Path, start: int, end: int) -> bytes:
    with BufferedReader(_open(file, start)) as opened:
        return opened.read(end - start)


def _open(file: Path, start: int) -> FileIO:
    with refusing_when_full():
        opened = FileIO(file)
    opened.seek(start)
    return opened


@contextmanager
def refusing_when_full() -> Iterator[None]:
    """Raises StorageFull when a disk or a quota is full, and DiskFailed when it takes nothing.

    When too many files are open that is TryAgain.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        if error.errno in _TOO_MANY_OPEN:
            raise TryAgain from error
        if error.errno in _FAILED:
            raise DiskFailed from error
        raise


def make_durable(folder: Path) -> None:
    """Let what a folder lists survive a power cut. On Windows it does so by itself."""
    if sys.platform == "win32":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
