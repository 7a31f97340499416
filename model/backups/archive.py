"""The archive of a backup: a ZIP with the database, the files, and a list of what belongs in it.

Whatever database it was made of, `app.db` in it is one of SQLite. The files lie under `files/`, and
`manifest.json` comes last. Any program opens it. The comment of the ZIP is the SHA-256 of all bytes
before it, so that no byte can change unseen.
"""

import hashlib
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec

from model.storage.thread import in_thread

FORMAT = 1
DATABASE, FILES, MANIFEST = "app.db", "files/", "manifest.json"

_FAST = 1  # the level of compression: a tenth larger than with 6, in a third of the time
_STAMP_CHARS = 64
_PIECE_BYTES = 1024 * 1024
_DURABLE_EVERY_BYTES = 4 * 1024 * 1024

Told = Callable[[int], None]
"""Hears how many bytes more are done."""


class Unusable(Exception):
    """An archive cannot be restored. The message is one line for whoever tries."""


class Part(msgspec.Struct, frozen=True):
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What an archive is of, and what must be in it; `rows` counts those of each table."""

    format: int
    version: str
    head: str
    epoch: str
    made_at: datetime
    has_files: bool
    rows: dict[str, int]
    parts: dict[str, Part]


class NewArchive:
    """An archive that is written part by part; it is whole after `finish`."""

    def __init__(self, file: Path, made_at: datetime) -> None:
        self.parts: dict[str, Part] = {}
        self._file = file
        self._made_at = made_at.timetuple()[:6]
        self._opened = file.open("xb")
        self._zip = ZipFile(self._opened, "w", ZIP_DEFLATED, compresslevel=_FAST)
        self._durable_bytes = 0

    async def add(self, name: str, pieces: AsyncGenerator[bytes, None], told: Told) -> None:
        """Add a part from its pieces; only the database is packed.

        What is raised before the first piece is as if nothing had been added.
        """
        digest, size_bytes = hashlib.sha256(), 0
        entry: str | ZipInfo = name
        if name != DATABASE:
            entry = ZipInfo(name, self._made_at)
            entry.compress_type = ZIP_STORED
            entry.external_attr = 0o600 << 16
        piece = await anext(pieces, b"")
        with self._zip.open(entry, "w", force_zip64=True) as opened:
            while piece:
                await in_thread(self._write, opened, digest, piece)
                size_bytes += len(piece)
                told(len(piece))
                piece = await anext(pieces, b"")
        self._zip.getinfo(name).date_time = self._made_at  # there is a level only without it
        self.parts[name] = Part(size_bytes, digest.hexdigest())

    async def finish(self, manifest: Manifest) -> str:
        """Write what must be in it, and make all of it durable; the SHA-256 of the file."""
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        self._zip.writestr(ZipInfo(MANIFEST, self._made_at), content)
        self._zip.comment = b"0" * _STAMP_CHARS
        self._zip.close()
        self._opened.close()
        return await in_thread(_stamp, self._file)

    def close(self) -> None:
        self._zip.fp = None  # what is not whole gets no end
        with suppress(OSError):  # what it could not write yet is not wanted any more
            self._opened.close()

    def _write(self, part: IO[bytes], digest: "hashlib._Hash", piece: bytes) -> None:
        """Write a piece, now and then to the disk: who commits may wait for what is not there."""
        part.write(piece)
        digest.update(piece)
        if self._opened.tell() - self._durable_bytes > _DURABLE_EVERY_BYTES:
            self._opened.flush()
            os.fsync(self._opened.fileno())
            self._durable_bytes = self._opened.tell()


class Archive:
    """An archive that is there. Whatever it does blocks."""

    def __init__(self, file: Path) -> None:
        """Open it, once its stamp is seen to be right. Raises Unusable, and OSError."""
        with file.open("rb") as opened:
            if _digest(opened).hexdigest().encode() != opened.read():
                raise Unusable(f"{file} is damaged, or no backup of Homeroom.")
        try:
            self._zip = ZipFile(file)
            self.manifest = msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)
            for name in self.manifest.parts:
                self._zip.getinfo(name)
        except (BadZipFile, KeyError, msgspec.DecodeError):
            raise Unusable(f"{file} is no backup that this version can read.") from None

    def check(self, name: str) -> int:
        """Read a part; its size. Raises Unusable unless it is what was put in."""
        digest, size_bytes = hashlib.sha256(), 0
        for piece in self.pieces(name):
            digest.update(piece)
            size_bytes += len(piece)
        if Part(size_bytes, digest.hexdigest()) != self.manifest.parts[name]:
            raise Unusable(f"The backup is damaged: {name} is not what was put in.")
        return size_bytes

    def pieces(self, name: str) -> Iterator[bytes]:
        with self._zip.open(name) as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield piece

    def close(self) -> None:
        self._zip.close()


def _stamp(file: Path) -> str:
    """Put the stamp on an archive, and make it durable; the SHA-256 of all of it."""
    with file.open("r+b") as opened:
        digest = _digest(opened)
        stamp = digest.hexdigest().encode()
        opened.write(stamp)
        opened.flush()
        os.fsync(opened.fileno())
    digest.update(stamp)
    return digest.hexdigest()


def _digest(opened: BinaryIO | IO[bytes]) -> "hashlib._Hash":
    """The digest of all that is before the stamp, where the file then is."""
    left = opened.seek(0, os.SEEK_END) - _STAMP_CHARS
    opened.seek(0)
    digest = hashlib.sha256()
    while left > 0:
        piece = opened.read(min(_PIECE_BYTES, left))
        digest.update(piece)
        left -= len(piece)
    return digest
