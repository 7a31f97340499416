"""Whether a worker can work: it reads its database, knows all events, and can write to its disk."""

import asyncio
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from model.database.unit_of_work import Database
from model.errors import StorageFull, TryAgain
from model.live.feed import Feed
from model.storage.store import refusing_when_full

KEPT_FOR_S = 1  # what was found, whoever asks and however often
ANSWERED_WITHIN_S = 2
LEAST_FREE_BYTES = 16 * 2**20
_PROBE = b"\0" * 4096
_ANYTHING = select(1)


class NotReady(TryAgain):
    """`code` names what is missing, and stays the same between versions."""


@dataclass
class Readiness:
    """`folder` is on the disk of the instance, and nobody else writes there."""

    database: Database
    feed: Feed
    folder: Path
    _is_looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _found: tuple[float, NotReady | None] = (float("-inf"), None)

    async def require(self) -> None:
        """Raises NotReady, or the TryAgain of the feed."""
        async with self._is_looking:
            looked_at, missing = self._found
            if time.monotonic() - looked_at > KEPT_FOR_S:
                missing = await self._missing()
                self._found = time.monotonic(), missing
        if missing is not None:
            raise NotReady(missing.code, missing.detail)
        self.feed.require_fresh()

    async def _missing(self) -> NotReady | None:
        try:
            await self._require_database()
            await self._require_disk()
        except NotReady as missing:
            return missing
        return None

    async def _require_database(self) -> None:
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S), self.database.read(once=True) as db:
                await db.scalar(_ANYTHING)
        except (TryAgain, TimeoutError):
            raise NotReady("database_away", "The database does not answer in time.") from None

    async def _require_disk(self) -> None:
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await asyncio.to_thread(self._write)
        except StorageFull:
            raise NotReady("disk_full", "The disk of the instance folder is full.") from None
        except TimeoutError:
            raise NotReady("disk_away", "The disk of the instance folder hangs.") from None
        except OSError as error:
            detail = f"The instance folder cannot be written to: {error.strerror}."
            raise NotReady("disk_not_writable", detail) from None

    def _write(self) -> None:
        with refusing_when_full():
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / "ready"
            probe.write_bytes(_PROBE)
            probe.unlink()
            if shutil.disk_usage(self.folder).free < LEAST_FREE_BYTES:
                raise StorageFull
