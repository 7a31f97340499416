"""Thumbnails: in three sizes, made once, kept, and never at the others' cost."""

import asyncio
import io
import resource

from PIL import Image

from api.context import Services
from model.storage.picture_work import MAX_WAITING
from tests.api.browser import problem
from tests.api.thumbnails import small
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.pictures import (
    opened,
    photo,
    png,
)
from tests.support.stores import ON_EVERY_STORE, kept

pytestmark = ON_EVERY_STORE

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


def noise(size: tuple[int, int]) -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 90).save(made, "PNG")
    return made.getvalue()


async def test_a_picture_that_breaks_off_has_no_thumbnail_and_is_not_tried_again(
    people: Cast, services: Services
) -> None:
    """Not even by another worker: it would not find its bytes here."""
    file = await people.bob.upload(noise((400, 300))[:20_000])
    path, (picture,) = f"/api/files/{file['id']}/thumbnail", await kept(services.store)
    problem(await people.bob.ask("GET", path), 409, "no_picture")
    await services.store.remove(picture)
    problem(await people.bob.ask("GET", path), 409, "no_picture")


async def test_a_thumbnail_that_cannot_be_kept_is_shown_all_the_same(
    people: Cast, services: Services
) -> None:
    """Here the system lets this process write no file of more than 100 kB."""
    file = await people.bob.upload(noise((1000, 1000)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        made = await people.bob.get(f"/api/files/{file['id']}/thumbnail?size=1024")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert opened(made).size == (1000, 1000)
    assert len(made) > 100_000
    assert len(await kept(services.store)) == 1


async def test_a_picture_whose_bytes_are_gone_is_not_found(
    people: Cast, services: Services, visitor: Visitor
) -> None:
    file = await people.bob.upload(png())
    shown = (await people.bob.send_file(png(), path="/api/me/avatar", method="PUT")).body
    for key in await kept(services.store):
        await services.store.remove(key)
    await people.bob.get(f"/api/files/{file['id']}", status=404)
    await people.bob.get(f"/api/files/{file['id']}/thumbnail", status=404)
    await visitor.get(shown["avatar"], status=404)


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
