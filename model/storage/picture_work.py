"""Work on pictures in a worker: in turns, and in threads.

With the first picture Pillow is loaded, which an idle server does without.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from model.errors import TryAgain

MAX_WAITING = 8


def measure(file: Path) -> tuple[int, int] | None:
    """Width and height of a picture as it is shown; None for what has no thumbnails."""
    from model.storage import pixels  # noqa: PLC0415 - loads Pillow

    return pixels.measure(file)


def thumbnail(content: bytes, most_pixels: int) -> bytes:
    """The picture as a WebP of at most so many pixels each way. Raises NoPicture."""
    from model.storage import pixels  # noqa: PLC0415 - loads Pillow

    return pixels.thumbnail(content, most_pixels)


def avatar(file: Path) -> bytes:
    """The square in the middle of a picture, as a WebP. Raises NoPicture."""
    from model.storage import pixels  # noqa: PLC0415 - loads Pillow

    return pixels.avatar(file)


class Pictures:
    """Turns to work on a picture in this worker: one at a time, because of the memory it takes.

    Beside the file, 25 megapixels take up to 160 MB while they are decoded, and of a progressive
    JPEG 300 MB; 9 megapixels of a WebP take up to 170 MB.
    """

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._measuring = asyncio.Lock()
        self._there = 0

    async def measured(self, file: Path) -> tuple[int, int] | None:
        """What `measure` finds. This does not wait for those who decode: they may take seconds."""
        async with self._measuring:
            return await asyncio.to_thread(measure, file)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to decode. Raises TryAgain when too many wait."""
        if self._there > MAX_WAITING:
            raise TryAgain
        self._there += 1
        try:
            async with self._one:
                yield
        finally:
            self._there -= 1
