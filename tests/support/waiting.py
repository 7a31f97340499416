"""Waiting, with a deadline, until something is as it should be."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from api.context import Services

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def within(seconds: float, claim: Callable[[], bool]) -> bool:
    """Whether something becomes true in time. It blocks."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def until(claim: Callable[[], bool]) -> None:
    """Wait in the loop of the test until something becomes true, which it has to."""
    async with asyncio.timeout(10):
        while not claim():
            await asyncio.sleep(0.005)


async def waiting(services: Services) -> int:
    """How many transactions wait for a lock of another one."""
    async with services.database.read() as db:
        return await db.scalar(WAITING) or 0


async def until_waiting(services: Services, tasks: set[asyncio.Task[Any]]) -> None:
    """Each of these tasks waits for a lock of another transaction."""
    async with asyncio.timeout(10):
        while await waiting(services) < len(tasks):
            done, _ = await asyncio.wait(tasks, timeout=0.01)
            assert not done
