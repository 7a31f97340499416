"""How long acts are kept: by age alone, in the audit as in the records of groups."""

import asyncio
import time
from datetime import timedelta

from sqlalchemy import bindparam, delete, select

from model.act import Acts
from model.database.table import now
from model.database.unit_of_work import Database

BATCH = 500  # acts that one transaction deletes

_old = (
    select(Acts.id).where(Acts.at < bindparam("before")).order_by(Acts.at).limit(bindparam("batch"))
)
_DELETE = delete(Acts).where(Acts.id.in_(_old)).execution_options(in_thread=True)


async def prune_acts(database: Database, days: int) -> int:
    """Delete the acts that are older, in small transactions; how many there were.

    It rests as long as it has worked: the other half of the time is for whoever writes.
    """
    before, pruned = now() - timedelta(days=days), 0
    while True:
        began = time.monotonic()
        async with database.write() as db:
            deleted = await db.run(_DELETE, before=before, batch=BATCH)
        pruned += deleted
        if deleted < BATCH:
            return pruned
        await asyncio.sleep(time.monotonic() - began)
