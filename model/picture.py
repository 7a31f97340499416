"""Making pictures small: decoded by Pillow in one thread of a worker, and encoded anew.

What comes out carries nothing of what came in but its pixels: no EXIF, no place, no script.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import SEEK_END, BytesIO
from pathlib import Path

from PIL import Image, ImageOps, PngImagePlugin

from model.errors import Conflict, TryAgain
from model.part import WEBP, has_too_many_parts

MAX_PIXELS = 25_000_000
MAX_BYTES = 32 * 1024 * 1024
HEAD_BYTES = 1024 * 1024  # EXIF, a profile and XMP have some 100 kB
MAX_WAITING = 8
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
THUMBNAILS = (64, 256, 1024)  # at most so many pixels wide and high
AVATAR_PIXELS = 256
ORIENTATION, LIES_ON_ITS_SIDE = 0x0112, {5, 6, 7, 8}  # EXIF 2.32, 4.6.4
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, OverflowError)
"""What Pillow's decoders raise for files that are not what they seem."""

Image.MAX_IMAGE_PIXELS = None  # it would warn of what is refused here
PngImagePlugin.MAX_TEXT_MEMORY = 4 * HEAD_BYTES  # texts of few bytes unpack to many


class NoPicture(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "no_picture",
            "This is no picture that can be made small: a JPEG, PNG, WebP or GIF"
            f" of at most {MAX_PIXELS // 1_000_000} megapixels.",
        )


def measure(file: Path) -> tuple[int, int] | None:
    """Width and height as it is shown; None for what has no thumbnails."""
    try:
        image = _open(_beginning(file))
        on_its_side = _orientation(image) in LIES_ON_ITS_SIDE
    except (NoPicture, *BROKEN):
        return None
    return (image.height, image.width) if on_its_side else image.size


def thumbnail(content: bytes, pixels: int) -> bytes:
    """WebP, at most so wide and high, never larger than it was; raises NoPicture."""

    def shrink(image: Image.Image) -> Image.Image:
        image.thumbnail((pixels, pixels))
        return image

    return _remade(content, pixels, shrink)


def avatar(file: Path) -> bytes:
    """WebP, a square from its middle; raises NoPicture."""
    size = (AVATAR_PIXELS, AVATAR_PIXELS)
    return _remade(file.read_bytes(), AVATAR_PIXELS, lambda image: ImageOps.fit(image, size))


class Pictures:
    """Who works on a picture in this worker: each may need 100 MB while it is decoded."""

    def __init__(self) -> None:
        self._one, self._measuring = asyncio.Lock(), asyncio.Lock()
        self._there = 0

    async def measured(self, file: Path) -> tuple[int, int] | None:
        """One at a time, but beside those who decode: it takes a moment, they may take seconds."""
        async with self._measuring:
            return await asyncio.to_thread(measure, file)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises TryAgain when too many wait for theirs."""
        if self._there > MAX_WAITING:
            raise TryAgain
        self._there += 1
        try:
            async with self._one:
                yield
        finally:
            self._there -= 1


def _beginning(file: Path) -> bytes:
    """Of it, and all of a WebP, whose EXIF stands at its end."""
    if file.stat().st_size > MAX_BYTES:
        raise NoPicture
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
        return head + opened.read() if _is_webp(head) else head


def _is_webp(content: bytes) -> bool:
    return content.startswith(WEBP)


def _open(content: bytes) -> Image.Image:
    """Pillow walks through a head in Python, however long it is: the rest comes afterwards."""
    if has_too_many_parts(content):
        raise NoPicture
    head = content if _is_webp(content) else content[:HEAD_BYTES]
    picture = BytesIO(head)
    image = Image.open(picture, formats=FORMATS)
    if not 0 < image.width * image.height <= MAX_PIXELS:
        raise NoPicture
    picture.seek(0, SEEK_END)
    picture.write(content[len(head) :])
    return image


def _orientation(image: Image.Image) -> int:
    """Asked only where the head has it: else Pillow decodes a PNG to look behind it."""
    return int(image.getexif().get(ORIENTATION, 1)) if "exif" in image.info else 1


def _remade(content: bytes, pixels: int, change: Callable[[Image.Image], Image.Image]) -> bytes:
    try:
        image = _open(content)
        image.draft(None, (2 * pixels, 2 * pixels))  # a JPEG is decoded at a fraction of its size
        upright = change(_with_plain_colours(ImageOps.exif_transpose(image)))
        upright.info = {"icc_profile": image.info.get("icc_profile")}
        made = BytesIO()
        upright.save(made, "WEBP", quality=80, method=4)
    except BROKEN:
        raise NoPicture from None
    return made.getvalue()


def _with_plain_colours(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
