"""What is no picture, or one that would hold up everybody: a file like any other."""

from tests.api.browser import problem
from tests.conftest import Cast
from tests.pictures import bomb, png
from tests.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE

GIF_THAT_IS_ALSO_A_SCRIPT = b"GIF89a/*\x00\x00\x00\x00\x00*/=1;alert(document.cookie)"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


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
