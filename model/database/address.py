"""Addresses of databases."""

from pathlib import Path

from sqlalchemy.engine import URL

_SQLITE = b"SQLite format 3\0"  # every file begins with it


def sqlite_address(file: Path) -> URL:
    """The address of a file, whatever characters its name has."""
    return URL.create("sqlite+aiosqlite", database=str(file.absolute()))


def is_sqlite_file(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE
