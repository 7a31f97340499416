"""Bytes under keys, in the bucket of an object store: of S3, or of what speaks like it.

What is under a key never changes, so that reading can go on where it was cut off.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
import obstore.exceptions
import obstore.store

from model.errors import StorageFull, TryAgain
from model.storage.store import CHUNK_BYTES, Unusable, chunks_of

log = logging.getLogger(__name__)

_PUTS_AT_ONCE = 4  # each has up to two parts in memory
S3_PART_BYTES = 5 * 1024 * 1024  # no store takes smaller ones
_NO_ROOM = re.compile("507 Insufficient Storage|QuotaExceeded|StorageFull")
_MAX_SAID_CHARS = 400
_PART_WITHIN = "60s"  # a store that takes less in that time is as good as gone
_READ_WITHIN = "1day"  # a client may take its file as slowly as it likes
_TURN_WITHIN_S = 60
_RETRIES = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}


class ObjectStore:
    """The store in a bucket."""

    def __init__(self, url: str, access: Mapping[str, str]) -> None:
        """`access` is configuration of obstore, which looks for the rest by itself.

        Make it after a fork: what was used before one hangs after it.
        """
        parts = urlsplit(url)
        options: dict[str, Any] = {**access, "retry_config": _RETRIES, "disable_bulk_delete": True}
        prefix = parts.path.strip("/") or None
        self.objects, self._reading = [
            obstore.store.S3Store(parts.netloc, prefix=prefix, **options, client_options=client)
            for client in (_client(_PART_WITHIN), _client(_READ_WITHIN))
        ]
        self._turns = asyncio.Semaphore(_PUTS_AT_ONCE)

    async def put(self, key: str, file: Path) -> None:
        """Put a file, a large one in parts. Raises StorageFull or TryAgain.

        The parts are read here: obstore itself would keep more of them in memory.
        """
        size = (await asyncio.to_thread(file.stat)).st_size
        content = file if size <= S3_PART_BYTES else chunks_of(file, 0, size)
        async with self._turn():
            with _refusing(FileNotFoundError):  # that is the bucket
                await obstore.put_async(
                    self.objects, key, content, chunk_size=S3_PART_BYTES, max_concurrency=1
                )

    async def read(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Bytes from `start` to before `end`. Raises FileNotFoundError, and TryAgain."""
        if start == end:
            with _refusing():
                await obstore.head_async(self.objects, key)
        while start < end:
            with _refusing():
                found = await obstore.get_async(self._reading, key, options={"range": (start, end)})
            begun, end = found.range
            with suppress(obstore.exceptions.BaseError):
                async for chunk in found.stream(CHUNK_BYTES):
                    start += len(chunk)
                    yield chunk
            if start == begun:
                raise TryAgain

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a turn to put something. Raises TryAgain when nobody gets on."""
        try:
            async with asyncio.timeout(_TURN_WITHIN_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise TryAgain from error
        try:
            yield
        finally:
            self._turns.release()

    async def remove(self, key: str) -> None:
        with _refusing(), suppress(FileNotFoundError):
            await obstore.delete_async(self.objects, key)

    async def check(self) -> None:
        """Raises Unusable, unless bytes can be put, read and removed."""
        key = f"probe-{secrets.token_hex(8)}"
        try:
            await obstore.put_async(self.objects, key, b"probe")
            await obstore.get_async(self.objects, key)
            await obstore.delete_async(self.objects, key)
            with suppress(FileNotFoundError):  # it must be that, and not that one may not know
                await obstore.head_async(self.objects, key)
        except (obstore.exceptions.BaseError, FileNotFoundError) as error:
            raise Unusable(
                f"HOMEROOM_FILES_URL (or AWS_…): files cannot be kept there: {_said(error)}"
            ) from None


def _client(within: str) -> "obstore.store.ClientConfig":
    """How to ask; `within` is how long a request may take altogether."""
    return {
        "allow_http": True,  # for whoever names such an endpoint
        "connect_timeout": "3s",
        "read_timeout": "30s",  # without a byte
        "timeout": within,
    }


@contextmanager
def _refusing(*also: type[Exception]) -> Iterator[None]:
    """Raises StorageFull or TryAgain for what the store says, and logs its words."""
    expected: tuple[type[Exception], ...] = (obstore.exceptions.BaseError, *also)
    try:
        yield
    except expected as error:
        if _NO_ROOM.search(str(error)):
            raise StorageFull from error
        log.error("the object store: %s", _said(error))  # noqa: TRY400 - its words, no traceback
        raise TryAgain from error


def _said(error: Exception) -> str:
    """What the store said, in one line, without the tags of its XML."""
    plain = re.sub(r"<[^>]*>", " ", str(error).partition("\n\nDebug source")[0])
    return " ".join(plain.split())[:_MAX_SAID_CHARS]
