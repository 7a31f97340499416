"""Pictures, made where they are needed."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

PLACE = "Greenwich 51.4779 N"


def encoded(kind: str, size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    made = io.BytesIO()
    picture.save(made, kind, **options)
    return made.getvalue()


def png(size: tuple[int, int] = (40, 20)) -> bytes:
    return encoded("PNG", size)


def photo(size: tuple[int, int] = (40, 20), orientation: int = 1) -> bytes:
    """As of a telephone: it says how it was held, and where."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = PLACE
    exif.get_ifd(0x8825)[1] = "N"
    return encoded("JPEG", size, exif=exif, quality=95)


def nonsense_photo() -> bytes:
    """It lies on its side, and its resolution is a text."""
    entries = struct.pack("<HHHIHHHHII", 2, 0x0112, 3, 1, 6, 0, 0x011A, 2, 8, 38)
    exif = b"II*\0\x08\0\0\0" + entries + bytes(4) + b"nonsense"
    return spliced(encoded("JPEG"), 2, segment(0xE1, b"Exif\0\0" + exif))


def camera_photo(size: tuple[int, int] = (40, 20)) -> bytes:
    """With all that cameras and editors write before it: a preview, a profile, XMP; 680 kB."""
    exif = b"Exif\0\0II*\0\x08\0\0\0" + bytes(60_000)
    xmp = b"http://ns.adobe.com/xmp/extension/\0" + b"x" * 65_000
    before = [segment(0xE1, exif), *[segment(0xE1, xmp)] * 5]
    return spliced(encoded("JPEG", size, icc_profile=bytes(300_000)), 2, b"".join(before))


def segment(kind: int, data: bytes) -> bytes:
    """Of a JPEG."""
    return struct.pack(">BBH", 0xFF, kind, 2 + len(data)) + data


def chunk(kind: bytes, data: bytes) -> bytes:
    """Of a PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def riff(chunks: bytes) -> bytes:
    """A WebP."""
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def scanned_again(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    picture = encoded("JPEG", progressive=True)
    last = picture[picture.rindex(b"\xff\xda") : -2]
    return spliced(picture, -2, last * times)


def unpacking(size_bytes: int) -> bytes:
    """A text in a PNG, of few bytes."""
    return chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * size_bytes))


def swapping_profile() -> bytes:
    """Of a screen whose red is what others call green."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, other in ((b"rXYZ", b"-XYZ"), (b"gXYZ", b"rXYZ"), (b"-XYZ", b"gXYZ")):
        srgb = srgb.replace(name, other)
    return srgb


def spliced(picture: bytes, place: int, more: bytes) -> bytes:
    return picture[:place] + more + picture[place:]


def bomb(side: int) -> bytes:
    """A PNG of so many black pixels squared, in few bytes."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def opened(picture: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image
