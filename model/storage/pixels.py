"""Making pictures small: decoded by Pillow, and encoded anew. Only this file uses Pillow.

What comes out carries nothing of what came in but its pixels: no EXIF, no place, no script.
"""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import SEEK_END, BytesIO
from itertools import islice
from pathlib import Path

from PIL import Image, ImageCms, PngImagePlugin

from model.storage.picture import (
    MAX_PICTURE_BYTES,
    MAX_PIXELS,
    MAX_WEBP_PIXELS,
    NoPicture,
)

_HEAD_BYTES = 1024 * 1024  # EXIF, a profile and XMP have some 100 kB
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_AVATAR_PIXELS = 256
_MAX_SCANS = 100  # of a JPEG; encoders make up to 18, and each may take 40 ms
_MAX_SEGMENTS = 1_000  # of a JPEG
_MAX_CHUNKS = 20_000  # of a PNG or WebP: 32 MB in pieces of 8 kB are 4,096
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
_SEGMENT = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")  # ITU T.81, B.1.1.3: those with a length
_SCAN, _END = 0xDA, 0xD9
_SIXTEEN_BITS = {"I;16", "I;16B", "I;16L", "I;16N", "I"}
_ENDLESS = b"mpet"  # steps of a profile, as many as it likes: 9 kB of them take a minute
_STRIP_PIXELS = 1_000_000
_ORIENTATION, _LIES_ON_ITS_SIDE = 0x0112, {5, 6, 7, 8}  # EXIF 2.32, 4.6.4
_UPRIGHT: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Size = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    OverflowError,
    struct.error,
)
"""What Pillow's decoders raise for files that are not what they seem."""

Image.MAX_IMAGE_PIXELS = None  # it would warn of what is refused here
PngImagePlugin.MAX_TEXT_MEMORY = 4 * _HEAD_BYTES  # texts of few bytes unpack to many


def measure(file: Path) -> tuple[int, int] | None:
    """Width and height of a picture as it is shown; None for what has no thumbnails."""
    try:
        image = _open(_beginning(file))
        on_its_side = _orientation(image) in _LIES_ON_ITS_SIDE
    except (NoPicture, *_BROKEN):
        return None
    return (image.height, image.width) if on_its_side else image.size


def thumbnail(content: bytes, pixels: int) -> bytes:
    """The picture as a WebP of at most so many pixels each way. Raises NoPicture.

    It is never enlarged.
    """

    def whole(width: int, height: int) -> tuple[Box, Size]:
        scale = min(1, pixels / max(width, height))
        return (0, 0, width, height), (_scaled(width, scale), _scaled(height, scale))

    return _remade(content, pixels, whole)


def avatar(file: Path) -> bytes:
    """The square in the middle of a picture, as a WebP. Raises NoPicture."""

    def middle(width: int, height: int) -> tuple[Box, Size]:
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return (left, top, left + side, top + side), (_AVATAR_PIXELS, _AVATAR_PIXELS)

    return _remade(file.read_bytes(), _AVATAR_PIXELS, middle)


def _beginning(file: Path) -> bytes:
    """The first MiB of a picture, or all of a WebP, whose EXIF is at its end. Raises NoPicture."""
    if file.stat().st_size > MAX_PICTURE_BYTES:
        raise NoPicture
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
        return head + opened.read() if _is_webp(head) else head


def _is_webp(content: bytes) -> bool:
    return content.startswith(WEBP)


def _open(content: bytes) -> Image.Image:
    """The picture, not decoded yet. Raises NoPicture.

    Pillow walks through a head in Python, however long it is. So it gets the rest only afterwards.
    """
    if _has_too_many_parts(content):
        raise NoPicture
    head = content if _is_webp(content) else content[:_HEAD_BYTES]
    picture = BytesIO(head)
    image = Image.open(picture, formats=_FORMATS)
    most = MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS
    if not 0 < image.width * image.height <= most:
        raise NoPicture
    picture.seek(0, SEEK_END)
    picture.write(content[len(head) :])
    return image


def _orientation(image: Image.Image) -> object:
    """The orientation of EXIF, or None.

    Only the head is asked: Pillow would decode a PNG to look behind it.
    """
    return image.getexif().get(_ORIENTATION) if "exif" in image.info else None


def _remade(content: bytes, pixels: int, cut: Callable[[int, int], tuple[Box, Size]]) -> bytes:
    """A part of the picture, made smaller: `cut` says which, and how large. Raises NoPicture."""
    try:
        image = _open(content)
        turn = _UPRIGHT.get(_orientation(image))
        image.draft(None, (2 * pixels, 2 * pixels))  # a JPEG is decoded at a fraction of its size
        box, size = cut(*image.size)
        factor = max(1, max(box[2] - box[0], box[3] - box[1]) // (2 * pixels))
        reduced = _reduced(image, box, factor)
        profile = image.info.get("icc_profile")
        del image  # it is by far the largest
        exactly = (0, 0, (box[2] - box[0]) / factor, (box[3] - box[1]) / factor)
        small = _in_srgb(reduced.resize(size, box=exactly), profile)
        made = BytesIO()
        upright = small if turn is None else small.transpose(turn)
        upright.save(made, "WEBP", quality=80, method=4)
    except _BROKEN:
        raise NoPicture from None
    return made.getvalue()


def _reduced(image: Image.Image, box: Box, factor: int) -> Image.Image:
    """The box of a picture, its sides divided by `factor`.

    This works in strips: of the whole, Pillow would make a second picture to average its pixels.
    """
    left, top, right, bottom = box
    size = (-((left - right) // factor), -((top - bottom) // factor))
    reduced = Image.new(_averageable(image), size)
    rows = max(1, _STRIP_PIXELS // (factor * (right - left)))
    for row in range(0, size[1], rows):
        above = top + row * factor
        strip = image.crop((left, above, right, min(above + rows * factor, bottom)))
        reduced.paste(_converted(strip, reduced.mode).reduce(factor), (0, row))
    return reduced


def _scaled(side: int, scale: float) -> int:
    return max(1, round(side * scale))


def _averageable(image: Image.Image) -> str:
    """The mode next to a picture's own that has no palette, and eight bits a channel."""
    if image.mode in _SIXTEEN_BITS:
        return "L"
    if image.has_transparency_data:
        return "RGBA"
    return {"1": "L", "P": "RGB"}.get(image.mode, image.mode)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB. A profile that is broken, or is for another mode, is ignored."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and _ENDLESS not in profile:
        with suppress(ImageCms.PyCMSError, OSError):
            meant = ImageCms.ImageCmsProfile(BytesIO(profile))
            return _transformed(image, meant, mode)
    return _converted(image, mode)


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile, mode: str) -> Image.Image:
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(profile, srgb, image.mode, mode)
    return transform.apply(image)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        image = image.point(lambda value: value / 256)  # Pillow would cut off what is above 255
        image.info.pop("transparency", None)
    return image if image.mode == mode else image.convert(mode)


def _has_too_many_parts(content: bytes) -> bool:
    """Whether a JPEG, PNG or WebP has more parts than a decoder should go through.

    A part may have a few bytes and yet cost a walk over all pixels, such as a scan of a JPEG. A GIF
    passes: nobody looks behind its first picture.
    """
    if content.startswith(JPEG):
        segments = list(islice(_segments(content), _MAX_SEGMENTS + 1))
        return len(segments) > _MAX_SEGMENTS or segments.count(_SCAN) > _MAX_SCANS
    if content.startswith(PNG):
        return _has_more(_png_chunks(content), _MAX_CHUNKS)
    return content.startswith(WEBP) and _has_more(_webp_chunks(content), _MAX_CHUNKS)


def _has_more(parts: Iterator[int], most: int) -> bool:
    return next(islice(parts, most, None), None) is not None


def _segments(content: bytes) -> Iterator[int]:
    """The kinds of a JPEG's segments, up to the end of the first picture: a film may follow.

    Within the data of a scan, no byte 0xFF is followed by one of these kinds.
    """
    place = len(JPEG) - 1
    while (found := _SEGMENT.search(content, place)) and found[1][0] != _END:
        yield found[1][0]
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")


def _png_chunks(content: bytes) -> Iterator[int]:
    """Where the chunks of a PNG begin, each of a length, a kind, data and a checksum."""
    place = len(PNG)
    while place < len(content):
        yield place
        place += 12 + int.from_bytes(content[place : place + 4], "big")


def _webp_chunks(content: bytes) -> Iterator[int]:
    """Where the chunks of a WebP begin, each of a kind, a length and data up to an even place."""
    place = 12
    while place < len(content):
        yield place
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
