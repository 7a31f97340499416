"""Thumbnails: they are made when they are first asked for, and kept beside the picture."""

import asyncio
from contextlib import suppress
from pathlib import Path

from model.errors import NotFound, StorageFull, TryAgain
from model.storage.blob import Blob
from model.storage.incoming import put_content, read_content
from model.storage.picture import MAX_PICTURE_BYTES, NoPicture
from model.storage.picture_work import Pictures, thumbnail
from model.storage.store import Store

_NO_PICTURE = b"no picture"
"""Kept in the place of a thumbnail, so that no worker tries in vain again."""


class Thumbnails:
    """The thumbnails that a worker makes.

    A class that sees a new picture asks all at once: it is made once for all of them.
    """

    def __init__(self, store: Store, pictures: Pictures, folder: Path) -> None:
        """`folder` is where thumbnails are written before they are put into the store."""
        self.store, self.pictures, self.folder = store, pictures, folder
        self._making: dict[str, asyncio.Task[bytes]] = {}

    async def of(self, blob: Blob, pixels: int) -> bytes:
        """The thumbnail of a picture: a WebP of at most so many pixels each way.

        Raises NoPicture when there can be none, NotFound, and TryAgain when too many wait.
        """
        key = blob.thumbnail_key(pixels)
        try:
            made = await read_content(self.store, key, MAX_PICTURE_BYTES)
        except NotFound:
            if (making := self._making.get(key)) is None:
                making = self._making[key] = asyncio.create_task(self._make(blob, pixels))
                making.add_done_callback(lambda _: self._making.pop(key))
            made = await asyncio.shield(making)
        if made == _NO_PICTURE:
            raise NoPicture
        return made

    async def _make(self, blob: Blob, pixels: int) -> bytes:
        if blob.size_bytes > MAX_PICTURE_BYTES:
            raise NoPicture
        async with self.pictures.turn():
            picture = await read_content(self.store, blob.key, MAX_PICTURE_BYTES)
            made = await asyncio.to_thread(_thumbnail_or_nothing, picture, pixels)
        with suppress(StorageFull, TryAgain):  # whoever asked gets it all the same
            await put_content(self.store, self.folder, blob.thumbnail_key(pixels), made)
        return made


def _thumbnail_or_nothing(picture: bytes, pixels: int) -> bytes:
    try:
        return thumbnail(picture, pixels)
    except NoPicture:
        return _NO_PICTURE
