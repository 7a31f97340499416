"""SQLite whose disk fails, or which somebody else's tool has locked: it is said, and it passes."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api.middleware import errors
from model.database import sqlite
from tests.api.browser import problem
from tests.support.cast import Cast

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TEXT = {"text": "Good morning!"}


@contextmanager
def short_files() -> Iterator[None]:
    """What is longer cannot be written, as if the disk failed there."""
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_while_the_disk_fails_people_read_and_are_told_to_write_again(
    people: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    errors._tell_of_disk.cache_clear()  # which may have told it a moment ago
    await people.bob.post(people.posts, TEXT)
    with short_files():
        for _ in range(2):
            answer = await people.bob.ask("POST", people.posts, TEXT)
            problem(answer, 503, "try_again")
            assert answer.headers["Retry-After"] == "1"
            assert len((await people.bob.get(people.posts))["posts"]) == 1
    await people.bob.post(people.posts, TEXT)
    (told,) = [one.getMessage() for one in caplog.records if one.name == errors.__name__]
    assert told.startswith("the disk fails, or takes no changes: ")


async def test_while_a_tool_has_locked_the_database_people_read_and_are_told_to_write_again(
    people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCKED_FOR_AT_MOST_S", 0.1)
    file = tmp_path / "instance" / "app.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as tool:
        tool.execute("BEGIN IMMEDIATE")
        answer = await people.bob.ask("POST", people.posts, TEXT)
        problem(answer, 503, "try_again")
        assert answer.headers["Retry-After"] == "1"
        assert (await people.bob.get(people.posts))["posts"] == []
    await people.bob.post(people.posts, TEXT)
