"""Pictures made small: upright, free of what the camera wrote, and never at the others' cost."""

import asyncio
import io
from typing import Any

from PIL import Image

from api.context import Services
from model.picture import MAX_WAITING
from tests.api.browser import problem
from tests.conftest import Cast
from tests.people import Person
from tests.pictures import PLACE, bomb, encoded, opened, photo, png
from tests.stores import ON_EVERY_STORE, kept

pytestmark = ON_EVERY_STORE

GIF_THAT_IS_ALSO_A_SCRIPT = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(document.cookie)"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def small(who: Person, content: bytes, size: int = 64) -> tuple[Any, Image.Image]:
    """What is said of the picture, and its thumbnail."""
    file = await who.upload(content, "picture")
    answer = await who.ask("GET", f"/api/files/{file['id']}/thumbnail?size={size}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp"), answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in answer.headers
    return file["image"], opened(answer.body)


KINDS = ["JPEG", "PNG", "WEBP", "GIF"]


async def test_a_picture_is_made_small_in_its_own_shape(people: Cast) -> None:
    for kind in KINDS:
        image, made = await small(people.bob, encoded(kind, (400, 200)))
        assert image == {"width": 400, "height": 200}
        assert made.size == (64, 32)
        left, right = made.convert("RGB").getpixel((8, 16)), made.convert("RGB").getpixel((56, 16))
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        assert left[0] > 200 > left[2], "red on the left"
        assert right[2] > 200 > right[0], "blue on the right"


SIZES = [(64, (64, 32)), (256, (256, 128)), (1024, (600, 300))]


async def test_there_are_three_sizes_and_none_is_larger_than_the_picture(people: Cast) -> None:
    for size, expected in SIZES:
        _, made = await small(people.bob, png((600, 300)), size)
        assert made.size == expected


async def test_another_size_is_refused(people: Cast) -> None:
    file = await people.bob.upload(png())
    for size in ("63", "0", "-64", "x", "100000"):
        answer = await people.bob.ask("GET", f"/api/files/{file['id']}/thumbnail?size={size}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {"size"}


ORIENTATIONS = range(1, 9)


async def test_a_photo_stands_upright_and_does_not_say_where_it_was_taken(people: Cast) -> None:
    for orientation in ORIENTATIONS:
        taken = photo((80, 40), orientation)
        assert PLACE.encode() in taken
        image, made = await small(people.bob, taken)
        lies = orientation >= 5
        assert image == ({"width": 40, "height": 80} if lies else {"width": 80, "height": 40})
        assert made.size == ((32, 64) if lies else (64, 32))
        assert not made.getexif()
        red_corner = made.convert("RGB").getpixel((4, 4))
        assert isinstance(red_corner, tuple)
        assert (red_corner[0] > red_corner[2]) is (orientation in {1, 4, 5, 6})


async def test_a_thumbnail_carries_nothing_but_its_pixels(people: Cast) -> None:
    picture, made = Image.new("RGB", (80, 40)), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = PLACE
    xmp = f"<x:xmpmeta>{PLACE}</x:xmpmeta>".encode()
    picture.save(made, "WEBP", exif=exif, xmp=xmp)
    file = await people.bob.upload(made.getvalue())
    thumbnail = await people.bob.get(f"/api/files/{file['id']}/thumbnail")
    assert PLACE.encode() in made.getvalue()
    assert PLACE.encode() not in thumbnail


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


async def test_a_picture_that_breaks_off_has_no_thumbnail(people: Cast) -> None:
    noise = io.BytesIO()
    Image.effect_noise((400, 300), 90).save(noise, "PNG")
    file = await people.bob.upload(noise.getvalue()[:20_000])
    answer = await people.bob.ask("GET", f"/api/files/{file['id']}/thumbnail")
    problem(answer, 409, "no_picture")


async def test_who_has_a_thumbnail_is_told_so(people: Cast) -> None:
    file = await people.bob.upload(png())
    path = f"/api/files/{file['id']}/thumbnail?size=64"
    first = await people.bob.ask("GET", path)
    again = await people.bob.ask("GET", path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    other = f"/api/files/{file['id']}/thumbnail?size=256"
    assert (await people.bob.ask("GET", other, If_None_Match=first.headers["ETag"])).status == 200


async def test_a_class_that_asks_at_once_gets_one_picture_that_was_made_once(
    people: Cast, services: Services
) -> None:
    file = await people.bob.upload(photo((2000, 1500)))
    path = f"/api/files/{file['id']}/thumbnail"
    answers = await asyncio.gather(*(people.bob.ask("GET", path) for _ in range(30)))
    assert {answer.status for answer in answers} == {200}
    assert len([key for key in await kept(services.store) if key.endswith(".webp")]) == 1


async def test_who_asks_for_too_many_pictures_at_once_is_asked_to_come_back(
    people: Cast,
) -> None:
    files = [await people.bob.upload(photo((1500, 1000 + n))) for n in range(MAX_WAITING + 6)]
    paths = [f"/api/files/{file['id']}/thumbnail" for file in files]
    answers = await asyncio.gather(*(people.bob.ask("GET", path) for path in paths))
    refused = [answer for answer in answers if answer.status != 200]
    assert 0 < len(refused) <= 5
    for answer in refused:
        problem(answer, 503, "try_again")
        assert answer.headers["Retry-After"] == "1"
    for path in paths:
        await people.bob.get(path)
