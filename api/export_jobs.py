"""Makes the exports that are wanted, in one worker at a time."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from api.settings import Settings
from model.database.lock import taken
from model.database.unit_of_work import Database
from model.errors import Forbidden, NotFound, StorageFull, TryAgain
from model.export import (
    Export,
    claim_export,
    fail_export,
    finish_export,
    is_any_export_wanted,
)
from model.exporting.make import Abandoned, make_file
from model.storage.store import Store

log = logging.getLogger(__name__)

FIRST_LOOK_S, LOOK_AGAIN_S, TURN_AGAIN_S = 1, 60, 2


async def run(
    database: Database, store: Store, settings: Settings, incoming: Path, wanted: asyncio.Event
) -> None:
    """Make exports as soon as they are wanted, for ever. Every worker tries, one after another.

    It looks soon after the start: whoever replaces a worker that was killed goes on with its work.
    """
    pause_s = FIRST_LOOK_S
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await wanted.wait()
        wanted.clear()
        pause_s = LOOK_AGAIN_S
        try:
            if not await make_exports_alone(database, store, settings, incoming):
                pause_s = TURN_AGAIN_S
        except TryAgain:
            log.info("an export waits: the database or the store is away")
        except Exception:
            log.exception("an export failed; it is tried again")


async def make_exports_alone(
    database: Database, store: Store, settings: Settings, incoming: Path
) -> bool:
    """Make all exports that are wanted, unless another worker does; whether none is left."""
    async with database.read() as db:
        if not await is_any_export_wanted(db):
            return True
    async with taken(database, settings.instance / "exports.lock") as is_ours:
        if not is_ours:
            return False
        while True:
            async with database.write("export") as db:
                export = await claim_export(db)
            if export is None:
                return True
            await make_export(database, store, incoming, export)


async def make_export(database: Database, store: Store, incoming: Path, export: Export) -> None:
    """Make the file of an export, or let it fail where another attempt would fail as well."""
    try:
        blob = await make_file(database, store, incoming, export)
    except Abandoned:
        return
    except (NotFound, Forbidden, StorageFull) as refusal:
        async with database.write("export") as db:
            await fail_export(db, export, refusal.detail)
        return
    async with database.write("export") as db:
        await finish_export(db, export, blob)
