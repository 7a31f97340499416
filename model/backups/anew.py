"""What a restored copy must not have from its earlier life: who was signed in, and its numbers."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete

from model.account_link import AccountLinks
from model.act import record_server_act
from model.database.address import sqlite_address
from model.database.unit_of_work import Database
from model.join_code import JoinCodes
from model.log.event import begin_epoch, write_events
from model.schema import prepare
from model.session import Sessions

_LET_SOMEBODY_IN = (Sessions, AccountLinks, JoinCodes)

_GO_ON = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
_GO_ON_FROM = """
    INSERT INTO sqlite_sequence (name, seq) SELECT ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)
"""


async def begin_anew(copy: Path, made_at: datetime, last_ids: Mapping[str, int]) -> None:
    """Let a copy of a database begin a new life: migrated, in a new epoch, nobody signed in.

    What was withdrawn since it was made would let people in again: so all sessions, tokens, links
    and join codes end. An id that has been given out since, of `last_ids`, is not given to
    something else: signed links and open pages know it. Raises SchemaMismatch.
    """
    address = sqlite_address(copy)
    await prepare(address)
    database = Database(address, before_commit=write_events)
    try:
        async with database.write("command") as db:
            for table in _LET_SOMEBODY_IN:
                await db.run(delete(table))
            await begin_epoch(db)
            await record_server_act(db, "backup.restored", by=None, made_at=made_at)
    finally:
        await database.close()
    _settle(copy, last_ids)


def _settle(copy: Path, last_ids: Mapping[str, int]) -> None:
    """Raise the last ids, and have all of it in the one file, durably."""
    with closing(sqlite3.connect(copy)) as opened:
        for table, last_id in last_ids.items():
            opened.execute(_GO_ON, (last_id, table))
            opened.execute(_GO_ON_FROM, (table, last_id, table))
        opened.commit()
        opened.execute("PRAGMA journal_mode = DELETE")
    with copy.open("rb+") as written:
        os.fsync(written.fileno())
