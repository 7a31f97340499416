"""Work that every worker does now and then: forgetting what has expired."""

import asyncio
import logging
import random

from model.db import Database
from model.idempotency import forget_old_answers
from model.limit import forget_passed_limits
from model.session import forget_expired_sessions

log = logging.getLogger(__name__)

EVERY_S = 3600


async def run(database: Database) -> None:
    """Each deletes what nobody needs: that several workers do it does no harm."""
    while True:
        await asyncio.sleep(EVERY_S * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        try:
            for forget in (forget_old_answers, forget_passed_limits, forget_expired_sessions):
                async with database.write() as db:
                    await forget(db)
        except Exception:
            log.exception("cleaning up failed; it is tried again in an hour")
