"""How much a person may keep, and how much may come."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Set
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from api.context import Services
from model.limit import UPLOAD_LIMIT
from model.storage.incoming import MAX_COMING
from tests.api.browser import problem
from tests.api.test_uploads import END, HEAD, connect
from tests.support.cast import Cast
from tests.support.people import Person
from tests.support.pictures import png
from tests.support.stores import kept
from tests.support.waiting import until


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1, "limits": "off"}])
async def test_a_quota_counts_what_lives_and_holds_when_files_come_at_once(people: Cast) -> None:
    half = 500_000
    path = f"/api/files/{(await people.bob.upload(b'a' * half))['id']}"
    answers = await asyncio.gather(*(people.bob.send_file(b"b" * half) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    problem(next(a for a in answers if a.status == 409), 409, "quota_full")
    await people.mia.upload(b"c" * half)
    await people.bob.delete(path)
    await people.bob.upload(b"d" * half)


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_who_uploads_and_deletes_all_day_does_not_fill_the_disk(people: Cast) -> None:
    for n in range(2):
        file = await people.bob.upload(b"%d" % n * 2**20)
        await people.bob.delete(f"/api/files/{file['id']}")
    problem(await people.bob.send_file(b"x" * 2**20), 429, "too_many")
    await people.mia.upload(b"x" * 2**20)


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_what_is_over_the_quota_is_not_kept_although_its_size_was_not_announced(
    people: Cast, services: Services, url: str
) -> None:
    await people.bob.upload(b"little")

    def send() -> int:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        headers = {**people.bob.headers, "Content-Type": "multipart/form-data; boundary=form"}
        pieces = iter([HEAD, *[bytes(2**18)] * 4, END])
        connection.request("POST", "/api/files", pieces, headers, encode_chunked=True)
        status = connection.getresponse().status
        connection.close()
        return status

    assert await asyncio.to_thread(send) == 409
    assert list((await kept(services.store)).values()) == [b"little"]


@asynccontextmanager
async def coming(
    services: Services, url: str, who: Person, announced: int | None, path: str = "/api/files"
) -> AsyncIterator[http.client.HTTPConnection]:
    """An upload of which only the beginning has come, and counts, until the end of the block."""
    before = {*services.incoming.glob("*")}
    connection = await asyncio.to_thread(connect, url, who, announced, path)
    await asyncio.to_thread(send_chunk, connection, HEAD + b"x", is_plain=announced is not None)
    await until(lambda: is_counted(services, 1, beside=before))
    with closing(connection):
        yield connection


def is_counted(services: Services, size_bytes: int, *, beside: Set[Path] = frozenset()) -> bool:
    """Whether another upload than those has taken room for so many bytes."""
    others = {*services.incoming.glob("*")} - beside
    return any(one.stat().st_size >= size_bytes for one in others)


def send_chunk(
    connection: http.client.HTTPConnection, data: bytes, *, is_plain: bool = False
) -> None:
    connection.send(data if is_plain else b"%x\r\n%b\r\n" % (len(data), data))


async def status_when_others_are_over(who: Person, size: int) -> int:
    async with asyncio.timeout(20):
        while (answer := await who.send_file(bytes(size))).status in {409, 429}:
            await asyncio.sleep(0.05)
    await who.delete(f"/api/files/{answer.body['id']}")
    return answer.status


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1, "limits": "off"}])
async def test_bytes_that_are_coming_count_at_once(
    people: Cast, services: Services, url: str
) -> None:
    for path in ("/api/files", "/api/me/avatar"):
        async with coming(services, url, people.bob, 700_000, path):
            problem(await people.bob.send_file(bytes(500_000)), 409, "quota_full")
            for who, size in ((people.bob, 300_000), (people.mia, 500_000)):
                file = await who.upload(bytes(size))
                await who.delete(f"/api/files/{file['id']}")
        assert await status_when_others_are_over(people.bob, 300_000) == 201


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1, "limits": "off"}])
async def test_bytes_that_nobody_announced_count_as_they_come(
    people: Cast, services: Services, url: str
) -> None:
    async with coming(services, url, people.bob, None) as connection:
        await asyncio.to_thread(send_chunk, connection, bytes(600_000))
        await until(lambda: is_counted(services, 600_000))
        problem(await people.bob.send_file(bytes(500_000)), 409, "quota_full")
        await asyncio.to_thread(send_chunk, connection, bytes(400_000) + END)
        await asyncio.to_thread(send_chunk, connection, b"")
        status = (await asyncio.to_thread(connection.getresponse)).status
    assert status == 201


async def test_one_person_uploads_so_many_files_at_once(
    people: Cast, services: Services, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.adapters.quart.IDLE_S", 100)  # none is given up while others begin
    async with AsyncExitStack() as held:
        for _ in range(MAX_COMING):
            await held.enter_async_context(coming(services, url, people.bob, 5_000))
        refused = await people.bob.send_file(b"one more")
        problem(refused, 429, "too_many")
        assert refused.headers["Retry-After"]
        await people.mia.upload(b"hers")
    assert await status_when_others_are_over(people.bob, 10) == 201


DOCUMENT = "x" * 65_000


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_documents_count_for_who_saved_them_last(people: Cast) -> None:
    shared = f"/api/channels/{people.channel['id']}/documents"
    paths = [f"{shared}/{n}" for n in range(8)] + [f"/api/me/documents/{n}" for n in range(8)]
    for path in paths:
        await people.bob.put(path, DOCUMENT, 201)
    one_more = await people.bob.ask("PUT", f"{shared}/one-more", DOCUMENT)
    problem(one_more, 409, "quota_full")
    problem(await people.bob.send_file(bytes(50_000)), 409, "quota_full")
    small = await people.bob.put(f"{shared}/small", {"a": 1}, 201)
    grown = await people.bob.ask("PATCH", f"{shared}/small", {"b": DOCUMENT})
    problem(grown, 409, "quota_full")
    assert await people.bob.get(f"{shared}/small") == small
    await people.bob.get(f"{shared}/one-more", status=404)
    await people.bob.put(paths[0], DOCUMENT)
    await people.mia.put(paths[1], DOCUMENT)
    await people.bob.put(f"{shared}/one-more", DOCUMENT, 201)
    await people.bob.delete(paths[-1])
    await people.bob.upload(bytes(50_000))


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_documents_saved_at_once_do_not_exceed_the_quota(people: Cast) -> None:
    groups = f"/api/groups/{people.group['id']}/channels"
    channels = [await people.ann.post(groups, {"name": f"c{n}"}) for n in range(4)]
    for n in range(15):
        await people.bob.put(f"/api/me/documents/{n}", DOCUMENT, 201)
    answers = await asyncio.gather(
        *(
            people.bob.ask("PUT", f"/api/channels/{one['id']}/documents/x", DOCUMENT)
            for one in channels
        )
    )
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_nobody_learns_from_a_limit_what_others_have_uploaded(people: Cast) -> None:
    known = b"x" * 2**20
    await people.ann.upload(known)
    for _ in range(2):
        file = await people.bob.upload(known)
        await people.bob.delete(f"/api/files/{file['id']}")
    problem(await people.bob.send_file(known), 429, "too_many")


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_the_pictures_of_a_person_count_among_what_comes_in_a_day(people: Cast) -> None:
    for n in range(2):
        file = await people.bob.upload(b"%d" % n * 2**20)
        await people.bob.delete(f"/api/files/{file['id']}")
    for who, status in ((people.bob, 429), (people.mia, 200)):
        answer = await who.send_file(png(), path="/api/me/avatar", method="PUT")
        assert answer.status == status, answer.body


@pytest.mark.parametrize("changed_settings", [{"user_quota_mb": 1}])
async def test_a_repeated_upload_takes_no_room_twice(people: Cast) -> None:
    content = b"x" * 700_000
    first = await people.bob.upload(content, Idempotency_Key="once")
    assert await people.bob.upload(content, Idempotency_Key="once") == first
    problem(await people.bob.send_file(content), 409, "quota_full")


async def test_uploads_are_limited(people: Cast) -> None:
    sent = 0
    while (answer := await people.bob.send_file(b"x")).status == 201:
        sent += 1
    problem(answer, 429, "too_many")
    assert UPLOAD_LIMIT.burst <= sent < UPLOAD_LIMIT.burst * 2
