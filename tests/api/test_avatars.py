"""Pictures of people: square, small, shown wherever the person is."""

import hashlib
import io

from PIL import Image, ImageStat

from api.context import Services
from model.collector import collect
from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Answer, Person, Visitor
from tests.support.pictures import PLACE, bomb, opened, photo, png
from tests.support.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE

PATH = "/api/me/avatar"

EXAMPLES = (
    Example(f"PUT {PATH}", png(), often=0),
    Example(f"DELETE {PATH}", often=0),
)


async def put(who: Person, picture: bytes) -> Answer:
    return await who.send_file(picture, path=PATH, method="PUT")


async def test_a_person_is_shown_by_her_picture_wherever_she_is(
    people: Cast, visitor: Visitor
) -> None:
    post = await people.bob.post(people.posts, {"text": "x"})
    me = (await put(people.bob, photo((300, 200), 6))).body
    answer = await visitor.ask("GET", me["avatar"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert opened(answer.body).size == (256, 256)
    assert PLACE.encode() not in answer.body
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = await visitor.ask("GET", me["avatar"], If_None_Match=answer.headers["ETag"])
    assert again.status == 304
    person = {"id": people.bob.id, "name": "Bob", "avatar": me["avatar"]}
    assert (await people.ann.get(f"/api/posts/{post['id']}"))["author"] == person
    assert (await people.bob.post(people.posts, {"text": "y"}))["author"] == person
    assert (await people.ann.get(f"/api/users/{people.bob.id}"))["avatar"] == me["avatar"]
    members = (await people.ann.get(f"/api/groups/{people.group['id']}/members"))["members"]
    assert [who["avatar"] for who in members if who["id"] == people.bob.id] == [me["avatar"]]


async def test_a_person_is_shown_by_the_middle_of_a_picture(people: Cast, visitor: Visitor) -> None:
    for size in ((900, 300), (300, 900), (60, 20)):
        side, made = min(size), io.BytesIO()
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        picture = Image.new("RGB", size, "red")
        picture.paste("blue", (left, top, left + side, top + side))
        picture.save(made, "PNG")
        me = (await put(people.bob, made.getvalue())).body
        shown = opened(await visitor.get(me["avatar"])).convert("RGB")
        assert shown.size == (256, 256)
        (_, most_red), _, (least_blue, _) = ImageStat.Stat(shown).extrema
        assert least_blue > 200 > most_red, size


async def test_everybody_in_ones_groups_is_told_of_a_new_picture(people: Cast) -> None:
    topic = f"group:{people.group['id']}"
    me = (await put(people.bob, png())).body
    await people.bob.delete(PATH, 200)
    events = (await people.ann.get(f"/api/topics/{topic}/events?after=0"))["events"]
    assert [
        (event["kind"], event["data"].get("avatar"))
        for event in events
        if event["kind"] == "member.changed" and event["data"]["id"] == people.bob.id
    ] == [("member.changed", me["avatar"]), ("member.changed", None)]


async def test_a_picture_that_nobody_shows_any_more_is_not_found(
    people: Cast, visitor: Visitor
) -> None:
    first = (await put(people.bob, png((100, 50)))).body["avatar"]
    shared = (await put(people.mia, png((100, 50)))).body["avatar"]
    assert first == shared, "the same picture is kept once"
    second = (await put(people.bob, photo((60, 60), 6))).body["avatar"]
    await visitor.get(first)
    await people.mia.delete(PATH, 200)
    await visitor.get(first, status=404)
    await people.bob.delete("/api/me")
    await visitor.get(second, status=404)


async def test_what_is_no_picture_or_too_large_shows_nobody(people: Cast) -> None:
    for wrong in (b"no picture", bomb(9000), png()[:40], b"<svg/>"):
        problem(await put(people.bob, wrong), 409, "no_picture")
    problem(await put(people.bob, b""), 400, "invalid")
    assert (await people.bob.get("/api/me"))["avatar"] is None
    strange = ("x", "..%2f..%2fapp.db", "a%00b", "%00", "%ff", "%F0%9F%99%82")
    for unknown in ("0" * 64, hashlib.sha256(b"").hexdigest(), *strange):
        await people.bob.get(f"/api/avatars/{unknown}", status=404)


async def test_clearing_away_leaves_the_pictures_of_people(
    people: Cast, services: Services, visitor: Visitor
) -> None:
    me = (await put(people.bob, png())).body
    await collect(services.database, services.store)
    await visitor.get(me["avatar"])
