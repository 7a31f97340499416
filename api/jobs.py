"""Forgets what has expired, now and then, in one worker at a time."""

import asyncio
import logging
import random

from api.settings import Settings
from model.account_link import forget_expired_links
from model.act_retention import prune_acts
from model.collector import collect
from model.database.lock import taken
from model.database.unit_of_work import Database
from model.errors import TryAgain
from model.export import forget_expired_exports
from model.future import bring_back_moments
from model.idempotency import forget_old_answers
from model.limit import forget_passed_limits
from model.log.retention import prune
from model.mute import forget_passed_mutes
from model.purge import purge
from model.report_settlement import forget_settled_reports
from model.session import forget_expired_sessions
from model.slow_mode import forget_old_turns
from model.storage.store import Store
from model.used_session import UsedSessions
from model.username import forget_retired_usernames

log = logging.getLogger(__name__)

FIRST_S, EVERY_S = 60, 3600  # after the start, and then
PURGE_AGAIN_S = USES_AGAIN_S = 1


async def run(database: Database, store: Store, settings: Settings) -> None:
    """Clean up every hour, for ever. Every worker tries, so that it happens whichever lives."""
    pause_s = FIRST_S
    while True:
        await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        pause_s = EVERY_S
        try:
            await clean_up_alone(database, store, settings)
        except Exception:
            log.exception("cleaning up failed; it is tried again in an hour")


async def run_purges(database: Database, settings: Settings, deleted: asyncio.Event) -> None:
    """Purge soon after each deletion, for ever. Every worker tries, one after another."""
    while True:
        await deleted.wait()
        deleted.clear()
        try:
            if not await purge_alone(database, settings):
                deleted.set()
        except TryAgain:
            deleted.set()
        except Exception:
            log.exception("purging failed; it is tried again within an hour and a half")
        await asyncio.sleep(PURGE_AGAIN_S)


async def run_uses(database: Database, used: UsedSessions) -> None:
    """Write which sessions of this worker were used, for ever, many at once."""
    while True:
        await used.noted.wait()
        try:
            await used.write(database)
        except TryAgain:
            log.info("that sessions were used is written when they are used again")
        except Exception:
            log.exception("writing which sessions were used failed")
        await asyncio.sleep(USES_AGAIN_S)


async def clean_up_alone(database: Database, store: Store, settings: Settings) -> None:
    """Clean up, unless another worker does it or somebody holds the lock to make a copy."""
    async with taken(database, settings.instance / "jobs.lock") as is_ours:
        if is_ours:
            async with database.at_leisure() as leisurely:
                await clean_up(leisurely, store, settings)


async def purge_alone(database: Database, settings: Settings) -> bool:
    """Purge what was deleted, unless somebody holds the lock; whether it was done."""
    async with taken(database, settings.instance / "jobs.lock") as is_ours:
        if is_ours and (purged := await purge(database)):
            log.info("purged %d rows of what was deleted", purged)
    return is_ours


async def clean_up(database: Database, store: Store, settings: Settings) -> None:
    if changed := await bring_back_moments(database):
        log.warning("%d moments were in the future: a clock was ahead", changed)
    for forget in (
        forget_old_answers,
        forget_passed_limits,
        forget_expired_sessions,
        forget_expired_links,
        forget_old_turns,
        forget_passed_mutes,
        forget_settled_reports,
        forget_retired_usernames,
        forget_expired_exports,
    ):
        async with database.write() as db:
            await forget(db)
    await purge(database)
    if pruned := await prune(database, settings.retention):
        log.info("pruned %d events", pruned)
    if pruned := await prune_acts(database, settings.audit_days):
        log.info("pruned %d acts", pruned)
    if removed := await collect(database, store):
        log.info("removed the bytes of %d files", removed)
