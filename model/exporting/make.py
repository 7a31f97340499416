"""Makes the file of an export: whole in the store, or not there."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

from model.database.table import now
from model.database.unit_of_work import Database
from model.export import Export, advance_export
from model.exporting.of_group import OfGroup
from model.exporting.of_person import OfPerson
from model.exporting.owners_view import OwnersView
from model.exporting.zip_file import new_zip
from model.storage.blob import Blob, expect_blob
from model.storage.store import Store
from model.user import acting, find_account

_TELL_EVERY_S = 2


class Abandoned(Exception):
    """Nobody wants the export any more, or another worker has begun it anew."""


async def make_file(database: Database, store: Store, folder: Path, export: Export) -> Blob:
    """The file of an export, in the store. `folder` takes it until it is whole.

    Raises NotFound or Forbidden when its owner may not have it any more, Abandoned, StorageFull,
    and TryAgain.
    """
    advance = _teller(database, export)
    async with database.read() as db:
        account = await find_account(db, export.user_id)
    content: OfGroup | OfPerson
    if export.group_id is None:
        content = OfPerson(database, export.user_id, store, advance)
    else:
        view = OwnersView(database, export.group_id, acting(account))
        content = OfGroup(view, store, folder, advance)
    async with new_zip(folder, now()) as made:
        await content.write(made)
        sha256, size_bytes = await made.finish()
        async with database.write() as db:
            blob = await expect_blob(db, sha256, size_bytes)
        await store.put(blob.key, made.file)
    return blob


def _teller(database: Database, export: Export) -> Callable[[int], Awaitable[None]]:
    """What tells whoever waits how far it is, now and then."""
    told_at, told = monotonic(), 0

    async def advance(percent: int) -> None:
        nonlocal told_at, told
        if percent > told and monotonic() - told_at > _TELL_EVERY_S:
            told_at, told = monotonic(), percent
            async with database.write("export") as db:
                if await advance_export(db, export, percent) is None:
                    raise Abandoned

    return advance
