"""All rows of a database in another one of either kind, where everything goes on as before."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from api.app import create_app
from model.copying.copy import copy_all
from model.copying.rows import CannotCopy
from model.database.address import database_address, sqlite_address
from model.database.table import Base
from model.schema import SchemaMismatch
from tests.support.cast import Cast, settings_of_tests
from tests.support.databases import new_postgresql

TEXT = 'Good morning!\n\t\\N "quoted", \\t, an empty one: "" and Zoë 猫'


@pytest.fixture
def elsewhere() -> Iterator[URL]:
    with new_postgresql() as url:
        yield database_address(url)


async def fill(people: Cast) -> dict[str, Any]:
    """Something that is true, false, absent, JSON, bytes, or deleted; the last post."""
    first = await people.ann.post(people.posts, {"text": TEXT}, 201, **{"Idempotency-Key": "1"})
    await people.bob.post(people.posts, {"text": "A reply", "parent_id": first["id"]})
    await people.bob.post(f"/api/posts/{first['id']}/reports", {"reason": TEXT})
    documents = f"/api/channels/{people.channel['id']}/documents"
    await people.ann.put(f"{documents}/board", {"x": [1.5, None, True, "ö"]}, 201)
    last: dict[str, Any] = await people.ann.post(people.posts, {"text": "Gone soon"})
    await people.ann.delete(f"/api/posts/{last['id']}")
    return last


def dumped(file: Path) -> list[list[str]]:
    """All of a file, but for what the index of the search has of deleted posts.

    The lines of each statement are sorted: a migration writes constraints in any order.
    """
    with closing(sqlite3.connect(file)) as database:
        whole = [statement for statement in database.iterdump() if "post_search_" not in statement]
    return sorted(sorted(line.rstrip(", ") for line in one.splitlines()) for one in whole)


def left(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.is_file()]


def still(source: URL, folder: Path) -> URL:
    """The same, but a file that the jobs of the application do not change meanwhile."""
    if source.get_backend_name() != "sqlite":
        return source
    with closing(sqlite3.connect(str(source.database))) as database:
        database.execute("VACUUM INTO ?", (str(folder / "still.db"),))
    return sqlite_address(folder / "still.db")


async def test_a_copy_of_a_copy_goes_on_as_the_first_one_would(
    people: Cast, database_url: str, elsewhere: URL, tmp_path: Path
) -> None:
    last = await fill(people)
    source, file = still(database_address(database_url), tmp_path), tmp_path / "copy.db"
    told: list[int] = []
    copied = await copy_all(source, elsewhere, told.append)
    assert copied.keys() == Base.metadata.tables.keys()
    assert copied["posts"] == 2
    assert told == sorted(set(told))
    assert told[-1] == 100
    with pytest.raises(CannotCopy, match="something in that database"):
        await copy_all(source, elsewhere, told.append)
    assert await copy_all(elsewhere, sqlite_address(file), told.append) == copied
    if source.get_backend_name() == "sqlite":
        assert source.database
        assert dumped(file) == dumped(Path(source.database))
    before = await people.bob.get(people.posts)
    for url in (elsewhere, sqlite_address(file)):
        copy = create_app(settings_of_tests(tmp_path, url.render_as_string(False)), prepared=True)
        async with copy.test_app():
            there = people.before(copy)
            assert await there.bob.get(people.posts) == before
            found = await there.bob.get("/api/search?q=morning")
            assert [result["post"]["text"] for result in found["results"]] == [TEXT]
            new = await there.ann.post(people.posts, {"text": "Next"})
            assert new["id"] == last["id"] + 1
            (head,) = (await there.bob.get(people.posts))["live"]["topics"].values()
            assert head == 1 + next(iter(before["live"]["topics"].values()))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_has_other_tables_than_this_code_is_not_copied(
    database_url: str, tmp_path: Path
) -> None:
    source, file = database_address(database_url), tmp_path / "copy.db"
    with closing(sqlite3.connect(str(source.database))) as database, database:
        database.execute("UPDATE schema SET head = '9999'")
    with pytest.raises(SchemaMismatch, match="not of this code: 9999"):
        await copy_all(source, sqlite_address(file), lambda _: None)
    assert left(tmp_path) == []
