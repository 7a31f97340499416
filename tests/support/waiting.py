"""Waiting until transactions of PostgreSQL wait for each other."""

import asyncio
from typing import Any

from sqlalchemy import text

from api.context import Services

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until_waiting(services: Services, tasks: set[asyncio.Task[Any]]) -> None:
    """Each of these tasks waits for a lock of another transaction."""
    waiting = 0
    async with asyncio.timeout(10):
        while waiting < len(tasks):
            done, _ = await asyncio.wait(tasks, timeout=0.01)
            assert not done
            async with services.database.read() as db:
                waiting = await db.scalar(WAITING) or 0
