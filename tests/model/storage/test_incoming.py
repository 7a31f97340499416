"""What bytes need that come in: a file that can be opened."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model.errors import TryAgain
from model.storage.incoming import incoming
from model.storage.store import chunks_of


@contextmanager
def no_more_files() -> Iterator[None]:
    """As many as are open; the system gives out the lowest number that is free."""
    given, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, allowed))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (given, allowed))


async def test_while_too_many_files_are_open_one_is_to_try_again(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"x")
    with no_more_files():
        with pytest.raises(TryAgain):
            await anext(chunks_of(there, 0, 1))
        with pytest.raises(TryAgain):
            await incoming(tmp_path / "coming").__aenter__()
    assert list((tmp_path / "coming").iterdir()) == []
    assert [chunk async for chunk in chunks_of(there, 0, 1)] == [b"x"]
