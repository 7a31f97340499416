"""A clock that was ahead, and then set right: nothing lasts for longer because of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api import jobs
from api.context import Services
from model.act import Acts
from model.database.table import now
from model.file import Files
from model.group import Memberships
from model.idempotency import IdempotencyKeys
from model.join_code import JoinCodes
from model.log import retention
from model.log.event import Events
from model.session import Sessions
from model.storage.blob import Blobs
from tests.support.cast import Cast

A_YEAR, A_MONTH = timedelta(days=365), timedelta(days=30)
LASTS = [
    (Sessions.created_at, timedelta()),
    (Sessions.expires_at, A_MONTH),
    (Sessions.confirmed_at, timedelta()),
    (Sessions.used_at, timedelta()),
    (JoinCodes.expires_at, A_YEAR),
    (Memberships.muted_until, A_YEAR),
    (IdempotencyKeys.created_at, timedelta()),
    (Files.created_at, timedelta()),
    (Blobs.used_at, timedelta()),
    (Acts.at, timedelta()),
    (Events.at, timedelta()),
]


async def clean_up(services: Services) -> None:
    await jobs.clean_up(services.database, services.store, services.settings)


async def latest(services: Services, column: Any) -> Any:
    async with services.database.read() as db:
        return await db.scalar(select(func.max(column)))


async def test_what_a_clock_that_was_ahead_has_dated_is_of_today(
    people: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for text in "abcde":
        await people.bob.post(people.posts, {"text": text})
    await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    file = await people.bob.upload(b"x", Idempotency_Key="once")
    async with services.database.write() as db:
        for column, _ in LASTS:
            await db.run(update(column.class_).values({column.key: now() + 2 * A_YEAR}))
    await clean_up(services)
    for column, lasts in LASTS:
        assert await latest(services, column) <= now() + lasts, column
    shown = await people.bob.get("/api/sessions")
    assert shown["sessions"], "nobody is signed out"
    assert await people.bob.get(f"/api/files/{file['id']}") == b"x", "and nothing is lost"


async def test_what_is_dated_rightly_is_left_alone(people: Cast, services: Services) -> None:
    await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await people.bob.upload(b"x", Idempotency_Key="once")
    async with services.database.write() as db:
        await db.run(update(Sessions), confirmed_at=now())
    before = [await latest(services, column) for column, _ in LASTS]
    await clean_up(services)
    assert [await latest(services, column) for column, _ in LASTS] == before
