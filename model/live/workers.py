"""The workers of all machines, as each of them knows the others. Nothing of it is stored.

Each worker tells the others of itself every 5 s. One that has told it for the last time 12 s ago no
longer counts, nor does one that ends, as it says itself or its supervisor.
"""

import asyncio
import os
import re
import time
from collections.abc import Sized
from contextlib import suppress
from pathlib import Path

from model.database.table import now
from model.live.bus import Bus
from model.live.ephemeral import WorkerId, WorkerReport
from model.live.presence import EXPIRE_S, RENEW_S

_MEMORY = Path("/proc/self/smaps_rollup")  # of Linux
_SHARE = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)


class Workers:
    def __init__(self, bus: Bus, worker: WorkerId, key: str, connections: Sized) -> None:
        self._bus, self._worker, self._key, self._connections = bus, worker, key, connections
        self._started_at = now()
        self._others: dict[WorkerId, tuple[WorkerReport, float]] = {}
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Tell the others of this worker, for ever, if there can be any."""
        while self._bus.is_heard:
            self._due.clear()
            self._bus.tell([await self.own()])
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S):
                    await self._due.wait()

    def tell_all(self) -> None:
        """Tell the others at once: some may have heard nothing."""
        self._due.set()

    async def own(self) -> WorkerReport:
        return WorkerReport(
            self._worker,
            self._key,
            os.getpid(),
            self._started_at,
            await asyncio.to_thread(memory_bytes),
            len(self._connections),
        )

    def take(self, told: WorkerReport, moment: float) -> None:
        """Take over what another worker says of itself."""
        if told.worker not in self._others:
            self.tell_all()
        self._others[told.worker] = told, moment

    def ended(self, worker: WorkerId) -> None:
        """Forget another worker."""
        self._others.pop(worker, None)

    async def all(self) -> list[WorkerReport]:
        """All that live, in the order of their machines and numbers."""
        since = time.monotonic() - EXPIRE_S
        others = [report for report, moment in self._others.values() if moment >= since]
        return sorted([await self.own(), *others], key=lambda report: report.worker)


def memory_bytes() -> int | None:
    """What this process takes of the machine's memory; None where the system does not say."""
    try:
        found = _SHARE.search(_MEMORY.read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
