"""A ZIP that is written piece by piece, so that whatever is in it, little of it is in memory.

Packing and writing happen in threads, a piece at a time.
"""

import hashlib
import os
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from model.storage.store import refusing_when_full
from model.storage.thread import in_thread, opened_in_thread

_MOST_NAME_BYTES, _MOST_ENDING_BYTES = 200, 20  # a folder takes 255, and an id stands before it
_NO_FILE_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # Windows takes none of these


class NewZip:
    """A ZIP in a new file; `file` is whole after `finish`."""

    def __init__(self, file: Path, made_at: datetime) -> None:
        self.file = file
        self._made_at = made_at.timetuple()[:6]
        with refusing_when_full():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._opened = file.open("xb")
        self._zip = ZipFile(self._opened, "w")

    async def add(self, name: str, content: AsyncGenerator[bytes, None], *, size: int = 0) -> None:
        """Add a file from its pieces; one whose `size` is known is packed already.

        Raises StorageFull.
        """
        info = ZipInfo(name, self._made_at)
        info.compress_type = ZIP_STORED if size else ZIP_DEFLATED
        info.external_attr = 0o644 << 16  # of a file that its owner may write
        info.file_size = size
        with refusing_when_full(), self._zip.open(info, "w", force_zip64=not size) as entry:
            async for piece in content:
                await in_thread(entry.write, piece)

    async def add_text(self, name: str, text: str) -> None:
        async def once() -> AsyncGenerator[bytes, None]:
            yield text.encode()

        await self.add(name, once())

    async def finish(self) -> tuple[str, int]:
        """Make all of it durable; its SHA-256 and its size in bytes. Raises StorageFull."""
        with refusing_when_full():
            return await in_thread(self._finish)

    def close(self) -> None:
        self._zip.fp = None  # what is not whole gets no end
        with suppress(OSError):  # what it could not write yet is not wanted any more
            self._opened.close()
        self.file.unlink(missing_ok=True)

    def _finish(self) -> tuple[str, int]:
        self._zip.close()
        self._opened.flush()
        os.fsync(self._opened.fileno())
        self._opened.close()
        with self.file.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        return digest, self.file.stat().st_size


@asynccontextmanager
async def new_zip(folder: Path, made_at: datetime) -> AsyncIterator[NewZip]:
    """A new ZIP in the folder. At the end it is deleted, unless it was moved to where it stays."""
    async with opened_in_thread(NewZip, folder / secrets.token_hex(8), made_at) as made:
        yield made


def file_name(name: str) -> str:
    """A name that every system takes, and that leads out of no folder."""
    plain = _NO_FILE_NAME.sub("_", name).strip(" .") or "_"
    if len(plain.encode()) <= _MOST_NAME_BYTES:
        return plain
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending.encode()) > _MOST_ENDING_BYTES:
        return _cut(plain, _MOST_NAME_BYTES)
    return f"{_cut(stem, _MOST_NAME_BYTES - _MOST_ENDING_BYTES)}.{ending}"


def _cut(text: str, size: int) -> str:
    """What of a text has so many bytes."""
    return text.encode()[:size].decode(errors="ignore")
