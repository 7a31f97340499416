"""What a thumbnail shows: the picture, upright, in its colours, and nothing else of the file."""

import io

from PIL import Image, ImageChops, ImageCms, ImageStat

from tests.api.thumbnails import small
from tests.support.cast import Cast
from tests.support.pictures import (
    PLACE,
    chunk,
    encoded,
    nonsense_photo,
    photo,
    png,
    spliced,
    swapping_profile,
)
from tests.support.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE

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


async def test_a_thumbnail_shows_the_whole_picture_as_it_is(people: Cast) -> None:
    """However it was kept: Pillow itself makes much the same of it."""
    rings = Image.radial_gradient("L").resize((1000, 700))
    drawn = Image.merge("RGB", (rings, rings.point(lambda value: 255 - value), rings))
    expected = drawn.resize((64, 45))
    for kind, picture in (
        ("PNG", drawn),
        ("PNG", drawn.quantize(256)),
        ("PNG", drawn.convert("RGBA")),
        ("JPEG", drawn),
        ("JPEG", drawn.convert("CMYK")),
        ("WEBP", drawn),
    ):
        made = io.BytesIO()
        picture.save(made, kind)
        _, shown = await small(people.bob, made.getvalue())
        assert shown.size == expected.size
        difference = ImageChops.difference(shown.convert("RGB"), expected)
        assert max(ImageStat.Stat(difference).mean) < 8, (kind, picture.mode)


def colour(picture: Image.Image, place: tuple[int, int]) -> list[int]:
    """Of what red, green and blue there is much."""
    found = picture.convert("RGB").getpixel(place)
    assert isinstance(found, tuple)
    return [round(value / 255) for value in found]


async def test_colours_are_those_that_the_profile_of_a_picture_means(people: Cast) -> None:
    """A browser shows a thumbnail in sRGB, and the profile is not passed on."""
    profile = swapping_profile()
    for kind in ("JPEG", "PNG", "WEBP"):
        _, made = await small(people.bob, encoded(kind, (400, 200), icc_profile=profile))
        assert (colour(made, (8, 16)), colour(made, (56, 16))) == ([0, 1, 0], [0, 0, 1]), kind
        assert "icc_profile" not in made.info


WITHOUT_MEANING = [
    b"no profile",
    swapping_profile()[:200],
    ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    swapping_profile() + b"mpet",
]


async def test_a_profile_that_means_nothing_changes_nothing(people: Cast) -> None:
    for profile in WITHOUT_MEANING:
        _, made = await small(people.bob, encoded("PNG", (400, 200), icc_profile=profile))
        assert (colour(made, (8, 16)), colour(made, (56, 16))) == ([1, 0, 0], [0, 0, 1])


async def test_a_picture_of_sixteen_bits_is_as_grey_as_it_is(people: Cast) -> None:
    for options in ({}, {"transparency": 0x8000}):
        picture, made = Image.new("I;16", (40, 20), 0x8000), io.BytesIO()
        picture.save(made, "PNG", **options)
        _, shown = await small(people.bob, made.getvalue())
        grey = shown.convert("L").getpixel((20, 10))
        assert isinstance(grey, int)
        assert 120 < grey < 136


async def test_what_is_transparent_stays_so(people: Cast) -> None:
    glass = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    glass.paste((255, 0, 0, 255), (200, 0, 400, 200))
    solid = Image.new("RGB", (400, 200), "black")
    solid.paste("red", (200, 0, 400, 200))
    for picture, options in (
        (glass, {}),
        (glass.quantize(8), {}),
        (solid, {"transparency": (0, 0, 0)}),
        (solid.convert("L"), {"transparency": 0}),
    ):
        made = io.BytesIO()
        picture.save(made, "PNG", **options)
        _, shown = await small(people.bob, made.getvalue())
        alpha = shown.getchannel("A")
        assert (alpha.getpixel((8, 16)), alpha.getpixel((56, 16))) == (0, 255), picture.mode


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


async def test_a_photo_that_says_nonsense_of_itself_is_shown(people: Cast) -> None:
    image, made = await small(people.bob, nonsense_photo())
    assert (image, made.size) == ({"width": 20, "height": 40}, (20, 40))


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


WITH_MORE = [
    encoded("JPEG", progressive=True),
    photo() + b"moving" + b"\xff\xda\0\x02" * 2000,
    spliced(png(), -12, chunk(b"tEXt", b"Comment\0x") * 200),
    encoded("GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")]),
    encoded("WEBP", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")]),
]


async def test_of_a_picture_that_moves_or_carries_more_the_first_is_shown(people: Cast) -> None:
    for content in WITH_MORE:
        image, made = await small(people.bob, content)
        assert image == {"width": 40, "height": 20}
        red = made.convert("RGB").getpixel((4, 10))
        assert isinstance(red, tuple)
        assert red[0] > 200 > red[1]
