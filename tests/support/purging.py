"""Waiting until what was deleted is no longer on the disk."""

import asyncio

from api.context import Services
from api.jobs import purge_alone


async def purged(services: Services) -> None:
    """Whoever holds the lock of the jobs just now may have begun too early."""
    while not await purge_alone(services.database, services.settings):
        await asyncio.sleep(0.02)
