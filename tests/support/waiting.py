"""Waiting until transactions of PostgreSQL wait for each other."""

import asyncio
from typing import Any

from sqlalchemy import text

from api.context import Services

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


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
