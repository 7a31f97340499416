"""What is in a backup, and that it is whole or not there."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from api.context import Services
from model.backups.archive import Archive, Unusable
from model.database.lock import taken
from model.log.event import Epochs
from model.storage.store import FolderStore
from tests.support.backups import backed_up
from tests.support.cast import Cast
from tests.support.stores import ON_EVERY_STORE, kept

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is the same on both: a copy of PostgreSQL needs half a second for its tables."""

CONTENT = b"0123456789" * 500


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
async def post(people: Cast) -> str:
    """The text of a post that carries a file."""
    file = await people.ann.upload(CONTENT)
    form = {"text": "Good morning!", "file_ids": [file["id"]]}
    return str((await people.ann.post(people.posts, form))["text"])


@ON_EVERY_STORE
async def test_a_backup_opens_with_the_programs_that_everybody_has(
    people: Cast, services: Services, post: str, tmp_path: Path
) -> None:
    dropped = await people.bob.upload(b"nobody carries it")
    await people.bob.delete(f"/api/files/{dropped['id']}")
    made = await backed_up(services, tmp_path / "a.zip")
    assert made.size_bytes == (tmp_path / "a.zip").stat().st_size
    with ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "opened")
    opened = tmp_path / "opened"
    with closing(sqlite3.connect(opened / "app.db")) as database:
        assert database.execute("SELECT text FROM posts").fetchall() == [(post,)]
    needed = {
        key: content for key, content in (await kept(services.store)).items() if content == CONTENT
    }
    packed = await kept(FolderStore(opened / "files"))
    assert packed == needed
    manifest = json.loads((opened / "manifest.json").read_text())
    assert manifest["rows"]["posts"] == 1
    assert manifest["parts"].keys() == {"app.db", *(f"files/{key}" for key in packed)}


@SQLITE
@pytest.mark.usefixtures("post")
async def test_whatever_byte_is_changed_it_is_seen(services: Services, tmp_path: Path) -> None:
    await backed_up(services, tmp_path / "a.zip")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    size = len(content)
    for place in [*range(0, size, size // 50), *range(size - 100, size)]:
        content[place] ^= 1
        (tmp_path / "b.zip").write_bytes(content)
        with pytest.raises(Unusable, match="damaged"):
            Archive(tmp_path / "b.zip")
        content[place] ^= 1
    (tmp_path / "b.zip").write_bytes(content[: size // 2])
    with pytest.raises(Unusable, match="damaged"):
        Archive(tmp_path / "b.zip")


@SQLITE
async def test_nothing_half_is_left_also_not_by_a_run_that_was_killed(
    services: Services, tmp_path: Path
) -> None:
    async with services.database.read() as db:
        killed = tmp_path / "backups" / f"homeroom-{await db.scalar_one(select(Epochs.name))}.part"
    killed.mkdir(parents=True)
    (killed / "archive.zip").write_bytes(b"half")
    await backed_up(services, tmp_path / "backups" / "a.zip")
    assert names_in(tmp_path / "backups") == {"a.zip"}
    with pytest.raises(IsADirectoryError):
        await backed_up(services, tmp_path / "backups")
    assert not (tmp_path / killed.name).exists()


@SQLITE
@pytest.mark.usefixtures("post")
async def test_files_can_be_left_out(services: Services, tmp_path: Path) -> None:
    await backed_up(services, tmp_path / "a.zip", with_files=False)
    assert ZipFile(tmp_path / "a.zip").namelist() == ["app.db", "manifest.json"]


@ON_EVERY_STORE
@pytest.mark.usefixtures("post")
async def test_bytes_that_the_store_has_lost_are_told(services: Services, tmp_path: Path) -> None:
    for key in await kept(services.store):
        await services.store.remove(key)
    made = await backed_up(services, tmp_path / "a.zip")
    assert made.lost_files == 1


@SQLITE
async def test_a_backup_waits_until_nobody_clears_away_what_it_copies(
    services: Services, tmp_path: Path
) -> None:
    lock = services.settings.instance / "jobs.lock"
    async with taken(services.database, lock) as is_ours:
        assert is_ours
        making = asyncio.create_task(backed_up(services, tmp_path / "a.zip"))
        await asyncio.sleep(0.1)
        assert not making.done()
    await making
    assert (tmp_path / "a.zip").exists()
