"""Puts a restored database in the place of an SQLite file: by one rename, after which it is there.

What was there is kept. It is never taken away before something else is in its place, so that a
start finds the one or the other, at whatever line this is killed.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from model.storage.store import make_durable

_OTHERS_GONE_WITHIN_S = 5.0
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOGS = ("-wal", "-shm", "-journal")


class InUse(Exception):
    """Somebody has the database open. The message is one line."""


def last_ids(file: Path) -> dict[str, int]:
    """The last id that each table of an SQLite file has given out, as far as that can be read."""
    if not file.exists():
        return {}
    try:
        with closing(sqlite3.connect(file)) as opened:
            return dict(opened.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    except sqlite3.DatabaseError:
        return {}


def keep_database(file: Path, before: Path) -> None:
    """Keep an SQLite file in the folder `before`, if it is there, and leave no log beside it.

    The log of the old one would be taken for that of the new one. Raises InUse.
    """
    if not file.exists():
        return
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


def keep_files(root: Path, before: Path) -> None:
    """Keep all that is in a folder in the folder `before`, as links to the same bytes."""
    for file in [*root.rglob("*")] if root.exists() else ():
        place = before / file.relative_to(root)
        if file.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(file, place)


def replace(file: Path, copy: Path) -> None:
    copy.replace(file)
    make_durable(file.parent)


def was_replaced(file: Path, before: Path) -> bool:
    """Whether what is kept in `before` is not in its place any more."""
    kept = before / file.name
    return kept.exists() and not (file.exists() and kept.samefile(file))


def remove_unnamed(root: Path, keys: set[str]) -> None:
    """Remove what lies in a folder under other keys; thumbnails have a key with an ending."""
    for file in [*root.rglob("*")]:
        key = file.relative_to(root).as_posix()
        if not file.is_dir() and key.partition(".")[0] not in keys:
            file.unlink()


def _link(file: Path, place: Path) -> None:
    """Have the same bytes under a second name; as a copy where there are no links."""
    try:
        place.hardlink_to(file)
    except OSError:
        coming = place.with_name(f"{place.name}.part")
        shutil.copy2(file, coming)
        coming.replace(place)
