"""What nobody can find any more goes: files at once, their bytes a day after their last use."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api import jobs
from api.context import Services
from model.collector import collect
from model.database.lock import taken
from model.database.table import now
from model.file import Files
from model.storage.blob import Blobs, expect_blob
from model.storage.incoming import put_content
from model.storage.store import FolderStore
from tests.support.cast import Cast
from tests.support.pictures import png
from tests.support.stores import ON_EVERY_STORE, kept

pytestmark = ON_EVERY_STORE

A_DAY = timedelta(hours=24, seconds=1)


async def kept_count(services: Services) -> int:
    return len(await kept(services.store))


async def let_a_day_pass(services: Services) -> None:
    yesterday = now() - A_DAY
    async with services.database.write() as db:
        await db.run(update(Blobs).values(used_at=yesterday))
        await db.run(update(Files).values(created_at=yesterday))


async def collected(services: Services) -> int:
    return await collect(services.database, services.store)


async def rows_of(services: Services, table: Any) -> int:
    async with services.database.read() as db:
        return await db.scalar_one(select(func.count()).select_from(table))


async def test_a_file_that_a_post_carries_is_never_collected(
    people: Cast, services: Services
) -> None:
    file = await people.bob.upload(b"x")
    await people.bob.post(people.posts, {"text": "look", "file_ids": [file["id"]]})
    await let_a_day_pass(services)
    assert await collected(services) == 0
    assert await kept_count(services) == 1
    assert await people.ann.get(f"/api/files/{file['id']}") == b"x"


async def test_a_file_that_no_post_took_up_goes_after_a_day_and_its_bytes_after_another(
    people: Cast, services: Services
) -> None:
    file = await people.bob.upload(b"x")
    assert await collected(services) == 0
    assert await people.bob.get(f"/api/files/{file['id']}") == b"x"
    await let_a_day_pass(services)
    assert await collected(services) == 0, "its bytes were in use until now"
    await people.bob.get(f"/api/files/{file['id']}", status=404)
    assert await kept_count(services) == 1
    await let_a_day_pass(services)
    assert await collected(services) == 1
    assert await kept_count(services) == 0
    assert await rows_of(services, Files) == await rows_of(services, Blobs) == 0


async def test_the_bytes_of_a_deleted_post_go_a_day_later_with_their_thumbnails(
    people: Cast, services: Services
) -> None:
    file = await people.bob.upload(png())
    post = await people.bob.post(people.posts, {"text": "look", "file_ids": [file["id"]]})
    for size in (64, 256, 1024):
        await people.ann.get(f"/api/files/{file['id']}/thumbnail?size={size}")
    await let_a_day_pass(services)
    await people.bob.delete(f"/api/posts/{post['id']}")
    assert await collected(services) == 0
    assert await rows_of(services, Files) == 0
    assert await kept_count(services) == 4
    await let_a_day_pass(services)
    assert await collected(services) == 1
    assert await kept_count(services) == 0


async def test_the_picture_of_a_person_goes_a_day_after_nobody_shows_it_any_more(
    people: Cast, services: Services
) -> None:
    for path, status in (("/api/me/avatar", 200), ("/api/me", 204)):
        await people.bob.send_file(png(), path="/api/me/avatar", method="PUT")
        await let_a_day_pass(services)
        assert await collected(services) == 0
        await people.bob.delete(path, status)
        assert await collected(services) == 0, path
        assert await kept_count(services) == 1
        await let_a_day_pass(services)
        assert await collected(services) == 1


async def test_bytes_that_another_file_needs_stay(people: Cast, services: Services) -> None:
    first, second = await people.bob.upload(b"x"), await people.mia.upload(b"x")
    await people.mia.post(people.posts, {"text": "look", "file_ids": [second["id"]]})
    await people.bob.delete(f"/api/files/{first['id']}")
    await let_a_day_pass(services)
    assert await collected(services) == 0
    assert await people.ann.get(f"/api/files/{second['id']}") == b"x"
    assert await kept_count(services) == 1


async def test_bytes_that_come_again_in_the_last_moment_stay(
    people: Cast, services: Services
) -> None:
    file = await people.bob.upload(b"x")
    await people.bob.delete(f"/api/files/{file['id']}")
    await let_a_day_pass(services)
    again = await people.mia.upload(b"x")
    assert await collected(services) == 0
    assert await people.mia.get(f"/api/files/{again['id']}") == b"x"


async def test_bytes_that_come_again_while_they_are_removed_are_kept_anew(
    people: Cast, services: Services
) -> None:
    """As a collector that was killed has left it: on its way out, the bytes still there."""
    file = await people.bob.upload(b"x")
    await people.bob.delete(f"/api/files/{file['id']}")
    await let_a_day_pass(services)
    async with services.database.write() as db:
        await db.run(update(Blobs).values(leaving=True))
    again = await people.mia.upload(b"x")
    assert await kept_count(services) == 2
    assert await collected(services) == 1
    assert await kept_count(services) == 1
    assert await people.mia.get(f"/api/files/{again['id']}") == b"x"


async def test_a_collector_that_fails_halfway_is_finished_by_the_next(
    people: Cast, services: Services
) -> None:
    class Failing(FolderStore):
        async def remove(self, key: str) -> None:
            raise OSError(f"the disk of {key} is gone")

    for content in (b"x", b"y"):
        file = await people.bob.upload(content)
        await people.bob.delete(f"/api/files/{file['id']}")
    await let_a_day_pass(services)
    with pytest.raises(OSError, match="gone"):
        await collect(services.database, Failing(services.incoming))
    assert await rows_of(services, Blobs) == 2, "no bytes without their row"
    assert await collected(services) == 2
    assert await kept_count(services) == await rows_of(services, Blobs) == 0


async def test_what_an_upload_that_was_killed_has_left_goes_too(services: Services) -> None:
    async with services.database.write() as db:
        expected = await expect_blob(db, "a" * 64, 1)
        placed = await expect_blob(db, "b" * 64, 1)
    await put_content(services.store, services.incoming, placed.key, b"b")
    assert await collected(services) == 0
    await let_a_day_pass(services)
    assert await collected(services) == 2
    assert await kept_count(services) == await rows_of(services, Blobs) == 0
    assert expected.key != placed.key


async def test_nothing_is_collected_while_a_backup_holds_the_lock(services: Services) -> None:
    async with services.database.write() as db:
        blob = await expect_blob(db, "a" * 64, 1)
    await put_content(services.store, services.incoming, blob.key, b"x")
    await let_a_day_pass(services)
    lock = services.settings.instance / "jobs.lock"
    async with taken(services.database, lock) as is_ours:
        assert is_ours
        await jobs.clean_up_alone(services.database, services.store, services.settings)
        assert await kept_count(services) == 1
    await jobs.clean_up_alone(services.database, services.store, services.settings)
    assert await kept_count(services) == 0
