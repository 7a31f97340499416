"""What a picture is made of, counted before whoever decodes it goes through it part by part.

A part may be of a few bytes and yet cost a walk over all pixels, such as a scan of a JPEG.
"""

import re
from collections.abc import Iterator
from itertools import islice

MAX_SCANS = 100  # of a JPEG; encoders make up to 18, and each may take 40 ms
MAX_SEGMENTS = 1_000  # of a JPEG
MAX_CHUNKS = 20_000  # of a PNG or WebP: 32 MB in pieces of 8 kB are 4,096
JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
SEGMENT = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")  # ITU T.81, B.1.1.3: those with a length
SCAN, END = 0xDA, 0xD9


def has_too_many_parts(content: bytes) -> bool:
    """Of a JPEG, PNG or WebP; of a GIF nobody looks behind the first picture."""
    if content.startswith(JPEG):
        segments = list(islice(_segments(content), MAX_SEGMENTS + 1))
        return len(segments) > MAX_SEGMENTS or segments.count(SCAN) > MAX_SCANS
    if content.startswith(PNG):
        return _has_more(_png_chunks(content), MAX_CHUNKS)
    return content.startswith(WEBP) and _has_more(_webp_chunks(content), MAX_CHUNKS)


def _has_more(parts: Iterator[int], most: int) -> bool:
    return next(islice(parts, most, None), None) is not None


def _segments(content: bytes) -> Iterator[int]:
    """Their kinds, up to the end of the first picture: a film may follow.

    Within the data of a scan 0xFF is never followed by one of them.
    """
    place = len(JPEG) - 1
    while (found := SEGMENT.search(content, place)) and found[1][0] != END:
        yield found[1][0]
        place = found.end() + int.from_bytes(content[found.end() : found.end() + 2], "big")


def _png_chunks(content: bytes) -> Iterator[int]:
    """Where they begin: length, kind, data, checksum."""
    place = len(PNG)
    while place < len(content):
        yield place
        place += 12 + int.from_bytes(content[place : place + 4], "big")


def _webp_chunks(content: bytes) -> Iterator[int]:
    """Where they begin: kind, length, data up to an even place."""
    place = 12
    while place < len(content):
        yield place
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
