"""What every store promises: bytes under keys, whole or not there."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from api.settings import BucketSettings
from model.storage.incoming import put_content
from model.storage.s3 import S3_PART_BYTES, ObjectStore
from model.storage.store import FolderStore, Store
from tests.support.stores import kept, new_bucket, put_aside, whole

CONTENT = b"0123456789"
KEY = "ab/cdef-1.64.webp"


@pytest.fixture(params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "files")
    else:
        with new_bucket(monkeypatch) as url:
            yield ObjectStore(url, BucketSettings().given)


async def put(store: Store, folder: Path, content: bytes, key: str = KEY) -> None:
    await store.put(key, put_aside(folder, content))


async def read(store: Store, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(KEY, start, end)])


async def test_what_was_put_is_read(store: Store, tmp_path: Path) -> None:
    await put(store, tmp_path, CONTENT)
    await put(store, tmp_path, b"other", "ab/cdef-2")
    assert await whole(store, KEY) == CONTENT
    assert await kept(store) == {KEY: CONTENT, "ab/cdef-2": b"other"}


async def test_what_is_put_again_is_there_once(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        await put(store, tmp_path, CONTENT)
        assert await kept(store) == {KEY: CONTENT}


async def test_what_is_put_by_many_at_once_is_there_once(store: Store, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(S3_PART_BYTES + 1)
    await asyncio.gather(*(put(store, tmp_path, content) for _ in range(8)))
    assert await kept(store) == {KEY: content}


@pytest.mark.parametrize(
    ("start", "end", "got"),
    [
        (0, 10, CONTENT),
        (0, 1, b"0"),
        (3, 7, b"3456"),
        (9, 10, b"9"),
        (5, 5000, b"56789"),
        (0, 0, b""),
        (4, 4, b""),
    ],
)
async def test_a_range_is_read(
    store: Store, tmp_path: Path, start: int, end: int, got: bytes
) -> None:
    await put(store, tmp_path, CONTENT)
    assert await read(store, start, end) == got


async def test_what_is_not_there_is_said_before_the_first_byte(store: Store) -> None:
    for end in (0, 10):
        async with aclosing(store.read(KEY, 0, end)) as chunks:
            with pytest.raises(FileNotFoundError):
                await anext(chunks)


async def test_what_was_removed_is_gone_and_need_not_have_been_there(
    store: Store, tmp_path: Path
) -> None:
    await put(store, tmp_path, CONTENT)
    for _ in range(2):
        await store.remove(KEY)
        assert await kept(store) == {}
        with pytest.raises(FileNotFoundError):
            await whole(store, KEY)


@pytest.mark.parametrize("size", [S3_PART_BYTES - 1, S3_PART_BYTES, 3 * S3_PART_BYTES + 1])
async def test_a_large_file_is_read_in_pieces(store: Store, tmp_path: Path, size: int) -> None:
    content = random.Random(1).randbytes(size)
    await put(store, tmp_path, content)
    assert await whole(store, KEY) == content
    assert await read(store, size - 9, size) == content[-9:]
    assert await read(store, 1, size - 1) == content[1:-1]
    pieces = [len(piece) async for piece in store.read(KEY, 0, size)]
    assert max(pieces) < S3_PART_BYTES / 2


async def test_who_reads_a_little_and_leaves_is_no_trouble(store: Store, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(3 * S3_PART_BYTES)
    await put(store, tmp_path, content)
    for _ in range(20):
        async with aclosing(store.read(KEY, 7, len(content))) as chunks:
            assert (await anext(chunks))[:9] == content[7:16]
    assert await whole(store, KEY) == content


async def test_what_was_made_here_is_put_and_leaves_nothing_behind(
    store: Store, tmp_path: Path
) -> None:
    incoming = tmp_path / "incoming"
    await put_content(store, incoming, KEY, CONTENT)
    assert await kept(store) == {KEY: CONTENT}
    assert list(incoming.iterdir()) == []
