"""Exports as they are asked for, waited for, and opened; backups are waited for alike."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from tests.support.people import Person

MADE_WITHIN_S = 30


class Opened:
    """What is in the file of an export."""

    def __init__(self, content: bytes) -> None:
        self.zip = ZipFile(io.BytesIO(content))
        assert self.zip.testzip() is None
        self.names = self.zip.namelist()
        assert len(set(self.names)) == len(self.names)

    def text(self, name: str) -> str:
        return self.zip.read(name).decode()

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in self.text(name).splitlines()]

    def table(self, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.text(name).removeprefix("\ufeff"), newline="")))

    def files(self) -> Iterator[str]:
        return (name for name in self.names if name.startswith("files/"))


async def until_made(who: Person, made: Any, at: str = "/api/exports") -> Any:
    """The export when it is done or has failed; `at` is where those of its kind are."""
    async with asyncio.timeout(MADE_WITHIN_S):
        while made["state"] not in {"done", "failed"}:
            await asyncio.sleep(0.02)
            made = await who.get(f"{at}/{made['id']}")
    return made


async def exported(who: Person, path: str) -> Opened:
    """The file of an export that is asked for at a path."""
    made = await until_made(who, await who.post(path, status=202))
    assert made["state"] == "done", made
    content = await who.get(f"/api/exports/{made['id']}/file")
    assert len(content) == made["size_bytes"]
    return Opened(content)
