"""Makes a backup: an archive that is whole, or not there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.database.unit_of_work import Database
from model.storage.store import Store


@dataclass(frozen=True)
class MadeBackup:
    """An archive that was made: the digest is of the whole file."""

    at: datetime
    size_bytes: int
    sha256: str


async def make_backup(
    database: Database,
    store: Store | None,
    file: Path,
    told: Callable[[int, int], None],
    *,
    version: str,
    lock: Path,
) -> MadeBackup:
    """Make an archive of the database, and of the files unless there is no store.

    It waits for the lock of the jobs, and holds it: nobody takes bytes away meanwhile. What an
    earlier run that was killed has left beside `file` is removed. `told` hears, from a thread, too,
    how much of all work is done; `version` is that of this code. Raises StorageFull and TryAgain.
    """
    raise NotImplementedError(database, store, file, told, version, lock)
