"""The backup that an SQLite database gets before migrations change it."""

import math
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import URL

from model.backups.make import make_backup
from model.database.unit_of_work import Database
from model.errors import Conflict
from model.log.event import write_events
from model.schema import code_head

_TIMES_ITS_SIZE = 2  # a copy, and that packed


def is_behind(address: URL) -> bool:
    """Whether a database is an SQLite file that migrations are about to change."""
    if address.get_backend_name() != "sqlite" or not Path(address.database or "").is_file():
        return False
    try:
        with closing(sqlite3.connect(address.database or "")) as opened:
            row = opened.execute("SELECT head FROM schema").fetchone()
    except sqlite3.DatabaseError:  # there are no tables yet, or the migration will complain
        return False
    return row is not None and row[0] < code_head()


async def back_up_before_update(address: URL, folder: Path, *, version: str, lock: Path) -> Path:
    """Put the database as it is into an archive, which is named after the last migration to come.

    Files are left out: no migration changes them. Raises Conflict when there is no room for it, and
    what `make_backup` raises.
    """
    _require_room(Path(address.database or ""), folder)
    file = folder / f"before-{code_head()}.zip"
    database = Database(address, before_commit=write_events)
    try:
        await make_backup(database, None, file, lambda *_: None, version=version, lock=lock)
    finally:
        await database.close()
    return file


def _require_room(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed_mb = math.ceil(_TIMES_ITS_SIZE * file.stat().st_size / 1e6)
    if shutil.disk_usage(folder).free < needed_mb * 1e6:
        raise Conflict(
            "no_room", f"Before an update the database is saved: free {needed_mb} MB in {folder}."
        )
