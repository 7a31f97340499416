"""Backups as tests make them and put them back."""

import asyncio
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL

from api.context import Services
from model.backups.archive import Archive
from model.backups.make import MadeBackup, make_backup
from model.backups.restore import Restored, restore_backup
from model.storage.store import FolderStore, Store


def unheard(done: int, total: int) -> None:
    assert 0 <= done <= total


async def backed_up(services: Services, file: Path, *, with_files: bool = True) -> MadeBackup:
    store = services.store if with_files else None
    lock = services.settings.instance / "jobs.lock"
    made = make_backup(services.database, store, file, unheard, version="test", lock=lock)
    async with asyncio.timeout(20):
        return await made


async def put_back(
    file: Path, address: URL, instance: Path, store: Store | None = None
) -> Restored:
    """Into a folder, unless a store is named."""
    store = store or FolderStore(instance / "files")
    with closing(Archive(file)) as archive:
        return await restore_backup(archive, address, store, instance, unheard)
