"""How much a person may keep, and how much may come."""

import asyncio
import http.client

import pytest

from api.context import Services
from model.limit import UPLOAD_LIMIT
from tests.api.browser import problem
from tests.api.test_uploads import END, HEAD
from tests.support.cast import Cast
from tests.support.stores import kept


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
