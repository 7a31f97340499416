"""What is no picture, or one that would hold up everybody: a file like any other."""

import pytest

from model.storage.picture import MAX_PICTURE_BYTES
from tests.api.browser import problem
from tests.api.thumbnails import small
from tests.support.cast import Cast
from tests.support.pictures import (
    bomb,
    camera_photo,
    chunk,
    encoded,
    png,
    riff,
    scanned_again,
    segment,
    spliced,
    unpacking,
)
from tests.support.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE

GIF_THAT_IS_ALSO_A_SCRIPT = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(document.cookie)"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def webp_of_ten_megapixels() -> bytes:
    return encoded("WEBP", (4000, 2500), method=0, quality=0)


NO_PICTURES = [
    b"no picture",
    SVG,
    bomb(9000),
    b"BM" + bytes(100),
    png()[:30],
    b"\x89PNG\r\n\x1a\n" + bytes(50),
    b"II*\0" + bytes(100),
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9000 9000\n",
    b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(30),
    webp_of_ten_megapixels(),
]


async def test_what_is_no_picture_is_a_file_like_any_other(people: Cast) -> None:
    for content in NO_PICTURES:
        file = await people.bob.upload(content, "x.png", media_type="image/png")
        assert file["image"] is None
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}/thumbnail")
        problem(answer, 409, "no_picture")
        assert await people.bob.get(f"/api/files/{file['id']}") == content
        links = await people.bob.post(f"/api/files/{file['id']}/links")
        assert links["thumbnails"] is None


AFTER_SIGNATURE, AFTER_IHDR = 2, 33
GIF = encoded("GIF")
LONG_HEADS = [
    spliced(encoded("JPEG"), AFTER_SIGNATURE, segment(0xFE, bytes(65_000)) * 17),
    spliced(png(), AFTER_IHDR, chunk(b"prVt", bytes(2**20))),
    spliced(GIF, GIF.index(b",\0\0\0\0"), b"!\xfe" + (b"\xff" + bytes(255)) * 2**12 + b"\0"),
    spliced(png(), AFTER_IHDR, unpacking(2**20 - 1) * 5),
]


async def test_a_picture_whose_head_does_not_end_is_a_file_like_any_other(people: Cast) -> None:
    """Whoever reads it to its end holds up everybody."""
    for content in LONG_HEADS:
        file = await people.bob.upload(content)
        assert file["image"] is None
        answer = await people.bob.send_file(content, path="/api/me/avatar", method="PUT")
        problem(answer, 409, "no_picture")


WEBP = encoded("WEBP")
MANY_PARTS = [
    scanned_again(200),
    spliced(encoded("JPEG"), -2, segment(0xFE, b"") * 2000),
    spliced(png(), -12, chunk(b"prVt", b"") * 30_000),
    riff(b"VP8X\x0a\0\0\0" + bytes(4) + b"\x27\0\0\x13\0\0" + WEBP[12:] + b"JUNK\0\0\0\0" * 30_000),
]


async def test_a_picture_of_very_many_parts_has_no_thumbnail(people: Cast) -> None:
    """Each is a few bytes, and the same work again for whoever makes it small."""
    for content in MANY_PARTS:
        file = await people.bob.upload(content)
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}/thumbnail")
        problem(answer, 409, "no_picture")
        answer = await people.bob.send_file(content, path="/api/me/avatar", method="PUT")
        problem(answer, 409, "no_picture")


async def test_what_a_camera_writes_before_a_photo_is_not_too_long(people: Cast) -> None:
    taken = camera_photo((80, 40))
    assert len(taken) > 600_000
    image, made = await small(people.bob, taken)
    assert (image, made.size) == ({"width": 80, "height": 40}, (64, 32))


@pytest.mark.parametrize("changed_settings", [{"max_file_mb": 40}])
async def test_a_picture_that_is_too_large_to_be_made_small_promises_no_thumbnails(
    people: Cast,
) -> None:
    file = await people.bob.upload(png() + bytes(MAX_PICTURE_BYTES))
    assert file["image"] is None
    links = await people.bob.post(f"/api/files/{file['id']}/links")
    assert links["thumbnails"] is None


async def test_a_picture_that_is_also_a_script_is_neither_run_nor_kept_in_its_thumbnail(
    people: Cast,
) -> None:
    """Nothing of the file is in what is shown; the file itself is only ever saved."""
    file = await people.bob.upload(GIF_THAT_IS_ALSO_A_SCRIPT, "x.gif", media_type="image/gif")
    answer = await people.bob.ask("GET", f"/api/files/{file['id']}")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    made = await people.bob.ask("GET", f"/api/files/{file['id']}/thumbnail")
    assert b"alert" not in made.body or made.status == 409
