"""Puts a restored database in the place of an SQLite file: by one rename, after which it is there.

What was there is kept. It is never taken away before something else is in its place, so that a
start finds the one or the other, at whatever line this is killed.
"""

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from model.database.lock import InUse
from model.storage.store import make_durable

_OTHERS_GONE_WITHIN_S = 5.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOGS = ("-wal", "-shm", "-journal")


class SQLitePlace:
    """The place of an SQLite file."""

    def __init__(self, file: Path) -> None:
        self.file, self.folder = file, file.parent

    async def last_ids(self) -> Mapping[str, int]:
        """The last id that each table has given out, as far as that can be read."""
        if not self.file.exists():
            return {}
        try:
            with closing(sqlite3.connect(self.file)) as opened:
                return dict(opened.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
        except sqlite3.DatabaseError:
            return {}

    async def replace(self, copy: Path, before: Path, told: Callable[[int], None]) -> None:
        """Put a copy there, and what was there into the folder `before`. Raises InUse."""
        if self.file.exists():
            _keep_database(self.file, before)
        _move(copy, self.file)
        told(100)

    def was_replaced(self, before: Path) -> bool:
        """Whether what is kept in `before` is not here any more."""
        kept = before / self.file.name
        return kept.exists() and not (self.file.exists() and kept.samefile(self.file))


def _move(file: Path, place: Path) -> None:
    file.replace(place)
    make_durable(place.parent)


def keep_files(root: Path, before: Path) -> None:
    """Keep all that is in a folder in the folder `before`, as links to the same bytes."""
    for file in [*root.rglob("*")] if root.exists() else ():
        place = before / file.relative_to(root)
        if file.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(file, place)


def remove_unnamed(root: Path, keys: set[str]) -> None:
    """Remove what lies in a folder under other keys; thumbnails have a key with an ending."""
    for file in [*root.rglob("*")]:
        key = file.relative_to(root).as_posix()
        if not file.is_dir() and key.partition(".")[0] not in keys:
            file.unlink()


def _keep_database(file: Path, before: Path) -> None:
    """Keep an SQLite file, and leave no log beside it: it would be taken for the new one's."""
    try:
        with closing(
            sqlite3.connect(file, timeout=_OTHERS_GONE_WITHIN_S, isolation_level=None)
        ) as opened:
            opened.execute("PRAGMA journal_mode = DELETE")  # with the log in it
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise InUse(f"{file} cannot be put aside: {error}.") from None
    kept = [file, *(log for suffix in _LOGS if (log := Path(f"{file}{suffix}")).exists())]
    for each in kept:
        _link(each, before / each.name)
    make_durable(before)
    for log in kept[1:]:  # it is damaged
        log.unlink()


def _link(file: Path, place: Path) -> None:
    """Have the same bytes under a second name; as a copy where there are no links."""
    try:
        place.hardlink_to(file)
    except OSError:
        coming = place.with_name(f"{place.name}.part")
        shutil.copy2(file, coming)
        coming.replace(place)
