"""What bytes need that come in: a file that can be opened."""

import asyncio
import os
import resource
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.errors import TryAgain
from model.exporting.zip_file import new_zip
from model.storage.incoming import Room, incoming
from model.storage.store import CHUNK_BYTES, chunks_of


def number_of_the_next_file() -> int:
    """The system gives out the lowest one that is free."""
    opened = os.dup(0)
    os.close(opened)
    return opened


@contextmanager
def no_more_files() -> Iterator[None]:
    given, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number_of_the_next_file(), allowed))
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


def left_in(folder: Path) -> list[Path]:
    return [*folder.glob("coming/1-*"), *folder.glob("packed/*")]


async def one_that_comes_in(folder: Path) -> None:
    async with incoming(folder / "coming", Room(1, quota_bytes=100, kept_bytes=0)) as arriving:
        await arriving.reserve(2)
        await arriving.write(b"xy")
        await arriving.finish()


async def one_that_goes_out(folder: Path) -> None:
    async for _ in chunks_of(folder / "there", 0, 1):
        pass


async def one_that_goes_out_in_chunks(folder: Path) -> None:
    async for _ in chunks_of(folder / "there", 0, 2 * CHUNK_BYTES):
        pass


async def one_that_is_packed(folder: Path) -> None:
    async def content() -> AsyncGenerator[bytes, None]:
        yield b"xy"

    async with new_zip(folder / "packed", datetime.now(UTC)) as made:
        await made.add("there.txt", content())
        await made.finish()


@pytest.mark.parametrize(
    "use",
    [one_that_comes_in, one_that_goes_out, one_that_goes_out_in_chunks, one_that_is_packed],
)
async def test_whenever_its_user_is_cut_off_no_file_stays_open_or_stays_behind(
    tmp_path: Path, use: Callable[[Path], Awaitable[None]]
) -> None:
    (tmp_path / "there").write_bytes(b"x")
    await use(tmp_path)
    number = number_of_the_next_file()
    for turns in range(200):
        using = asyncio.ensure_future(use(tmp_path))
        for _ in range(turns % 20):
            await asyncio.sleep(0)
        using.cancel()
        with suppress(asyncio.CancelledError):
            await using
        assert left_in(tmp_path) == []
    assert number_of_the_next_file() == number
