"""Lists and events of documents, how many there may be, and what becomes of them."""

import asyncio
from typing import Any

from sqlalchemy import insert, select

from api.context import Services
from model.database.table import now
from model.document import Documents
from model.log.event import Events
from tests.api.browser import problem
from tests.api.test_documents import MINE, documents
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Person
from tests.support.purging import purged


async def test_a_list_shows_what_begins_so_and_leaves_out_long_bodies(people: Cast) -> None:
    path = documents(people)
    keys = ["a/1", "A/1", "a/2", "a%2F3", "a_1", "ab", "b"]
    for key in keys:
        await people.bob.put(f"{path}/{key}", key, 201)
    await people.bob.put(f"{MINE}/a/9", "mine", 201)
    for prefix, shown in (
        ("a/", ["a/1", "a/2", "a/3"]), ("a_", ["a_1"]), ("a/1", ["a/1"]), ("A", ["A/1"]),
        ("%61", ["a/1", "a/2", "a/3", "a_1", "ab"]), ("c", []), ("x" * 200, []),
    ):  # fmt: skip
        listed = await people.mia.get(f"{path}?prefix={prefix}")
        assert [document["key"] for document in listed["documents"]] == shown, prefix
    for wrong in ("x" * 201, "%25", "a%00", "%C3%A4", "*", "a%0A"):
        answer = await people.mia.ask("GET", f"{path}?prefix={wrong}")
        assert problem(answer, 400, "invalid")["fields"].keys() == {"prefix"}
    whole = await people.bob.put(f"{path}/limit", "ä" * 2047, 201)
    long = await people.bob.put(f"{path}/beyond", "ä" * 2047 + "x", 201)
    assert len(long.pop("body")) == 2048
    assert (await people.mia.get(f"{path}?after={whole['id'] - 1}"))["documents"] == [whole, long]


async def test_a_list_is_paged_by_id_in_both_directions(people: Cast) -> None:
    path = documents(people)
    ids = [(await people.bob.put(f"{path}/k{n}", n, 201))["id"] for n in range(5)]
    await people.bob.put(f"{path}/k0", "saved again")

    async def page(query: str) -> tuple[list[int], int | None]:
        listed = await people.mia.get(f"{path}?limit=2{query}")
        return [document["id"] for document in listed["documents"]], listed["next"]

    assert await page("") == (ids[:2], ids[1])
    assert await page(f"&after={ids[1]}") == (ids[2:4], ids[3])
    assert await page(f"&after={ids[3]}") == (ids[4:], None)
    assert await page(f"&before={ids[4]}") == ([ids[3], ids[2]], ids[2])


async def test_who_follows_sees_each_version_and_what_is_deleted(people: Cast, url: str) -> None:
    for path, topic, who in (
        (documents(people), f"channel:{people.channel['id']}", people.mia),
        (MINE, f"user:{people.bob.id}", people.bob),
    ):
        listed = await who.get(path)
        async with LiveClient(url, who.token) as live:
            await live.hello(listed["live"])
            seq, saved = listed["live"]["topics"][topic], []
            for method, body in (("PUT", {"n": 1}), ("PATCH", {"n": 2}), ("PUT", "x" * 5000)):
                saved.append(await people.bob.ask(method, f"{path}/x/y", body))
                await live.event(topic, seq := seq + 1)  # before the next one empties it
            await people.bob.delete(f"{path}/x/y")
            await live.event(topic, seq + 1)
        seen = [(event["kind"], event["data"], event["by"]) for event in live.events(topic)]
        last = {name: value for name, value in saved[2].body.items() if name != "body"}
        assert seen == [
            ("document.saved", saved[0].body, people.bob.id),
            ("document.saved", saved[1].body, people.bob.id),
            ("document.saved", last, people.bob.id),
            ("document.deleted", {"id": last["id"], "key": "x/y"}, people.bob.id),
        ]


async def test_of_a_document_the_log_keeps_the_last_body_only(people: Cast) -> None:
    path, log = documents(people), f"/api/topics/channel:{people.channel['id']}/events"
    await people.bob.put(f"{path}/other", "stays", 201)
    one = await people.bob.put(f"{path}/x", "secret", 201)
    two = await people.bob.patch(f"{path}/x", "newer")
    shown = [event["data"] for event in (await people.mia.get(log))["events"]][-2:]
    assert shown == [{"id": one["id"], "gone": True}, two]
    await people.bob.delete(f"{path}/x")
    text = str((await people.mia.get(log))["events"])
    assert ("secret" in text, "newer" in text, "stays" in text) == (False, False, True)


async def test_a_refused_write_leaves_no_event(people: Cast) -> None:
    path, log = documents(people), f"/api/topics/channel:{people.channel['id']}/events"
    await people.bob.put(f"{path}/x", 1, 201)
    before = await people.mia.get(log)
    for body, headers in ((2, {"If_Match": '"x"'}), ("x" * 70_000, {}), (2, {"If_Match": "x"})):
        assert (await people.bob.ask("PUT", f"{path}/x", body, **headers)).status >= 400
    assert await people.mia.get(log) == before


async def fill(services: Services, topic: str, how_many: int, **owner: int) -> None:
    rows = [
        {"topic": topic, "key": f"k{n}", "version": 1, "saved_at": now(), "size_bytes": 1,
         "body": "0", **owner}
        for n in range(how_many)
    ]  # fmt: skip
    async with services.database.write() as db:
        await db.run_for_each(insert(Documents), rows)


async def at_once(path: str, *writers: Person) -> list[int]:
    """The statuses of four new documents."""
    answers = await asyncio.gather(
        *(who.ask("PUT", f"{path}/new{n}", n) for n, who in enumerate(writers))
    )
    for answer in answers:
        if answer.status != 201:
            problem(answer, 409, "too_many_documents")
    return sorted(answer.status for answer in answers)


async def test_there_are_so_many_documents_and_no_more(people: Cast, services: Services) -> None:
    await fill(services, f"user:{people.bob.id}", 998, owner_id=people.bob.id)
    assert await at_once(MINE, *[people.bob] * 4) == [201, 201, 409, 409]
    channel_id = people.channel["id"]
    await fill(services, f"channel:{channel_id}", 9_998, channel_id=channel_id)
    writers = (people.bob, people.mia, people.bob, people.ann)
    assert await at_once(documents(people), *writers) == [201, 201, 409, 409]
    await people.bob.put(f"{documents(people)}/k1", "what is there may change")
    await people.bob.delete(f"{documents(people)}/k1")
    await people.bob.put(f"{documents(people)}/room/again", 1, 201)


async def left(services: Services) -> list[Any]:
    await purged(services)
    async with services.database.read() as db:
        return [row.key for row in await db.all(select(Documents.key).order_by(Documents.id))]


async def test_with_an_account_goes_what_is_its_own(people: Cast, services: Services) -> None:
    shared, own = f"{documents(people)}/shared", f"{documents(people)}/members/{people.bob.id}/x"
    await people.bob.put(f"{MINE}/mine", 1, 201)
    await people.bob.put(own, 1, 201)
    before = await people.bob.put(shared, {"bob": "wrote"}, 201)
    await people.bob.delete("/api/me")
    assert await people.mia.get(shared) == {**before, "saved_by": None}
    assert await left(services) == ["shared"]
    async with services.database.read() as db:
        written = (Events.by == people.bob.id, Events.kind.like("document.%"))
        assert await db.all(select(Events.data).where(*written)) == []


async def test_with_a_channel_or_its_group_go_its_documents(
    people: Cast, services: Services
) -> None:
    channels = f"/api/groups/{people.group['id']}/channels"
    other = await people.ann.post(channels, {"name": "other"})
    await people.ann.put(f"/api/channels/{other['id']}/documents/x", 1, 201)
    await people.ann.put(f"{documents(people)}/y", 1, 201)
    await people.ann.delete(f"/api/channels/{people.channel['id']}")
    await people.ann.get(f"{documents(people)}/y", status=404)
    assert await left(services) == ["x"]
    await people.ann.delete(f"/api/groups/{people.group['id']}")
    assert await left(services) == []
