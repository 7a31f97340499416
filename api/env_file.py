"""Files named `.env`: which of them are read, and what is written there."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class Unreadable(Exception):
    """The message names the file, and what is wrong with it."""


@dataclass(frozen=True)
class Line:
    name: str  # in upper case
    value: str
    file: Path


def env_files(folders: Sequence[Path], named: str | None) -> list[Path]:
    """The files in some folders, those that are there; or the one that is named, or none for ""."""
    if named is not None:
        return [Path(named).absolute()] if named else []
    return [file for folder in dict.fromkeys(folders) if (file := folder / ".env").is_file()]


def read_env_file(file: Path) -> Iterator[Line]:
    """What has a value. Raises Unreadable."""
    for name, value in dotenv_values(stream=StringIO(_text(file))).items():
        if value:
            yield Line(name.upper(), value, file)


def _text(file: Path) -> str:
    """The text of a file as editors write it, on Windows too."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}.") from None
    marked = [encoding for bom, encoding in _BOMS.items() if content.startswith(bom)]
    for encoding in marked or ["utf-8", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(f"{file}: it is no text. Save it as UTF-8.")
