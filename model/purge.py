"""Purging: what nobody finds any more is deleted in small transactions.

Deleting a channel or an account is one commit of what others see. Then the channel belongs to no
group, and the account has no name. What refers to their rows follows in pieces, as its foreign key
says: it is deleted too, or goes on without them. The row itself goes last.

Deleting a channel with 100,000 posts took 6 to 8 s in one transaction on SQLite, and an account
with as many 7 s there and 28 s on PostgreSQL (two busy cores).
"""

import asyncio
import time
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Delete,
    ForeignKey,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    select,
    tuple_,
    update,
)

from model.channel import Channels
from model.database.table import Base, foreign_keys_to
from model.database.unit_of_work import Database
from model.log.retention import delete_forgotten_events
from model.user import HAS_ACCOUNT, Users

BATCH = 50  # rows that one transaction deletes or changes

_DELETED: dict[type[Base], Select[int]] = {
    Channels: select(Channels.id).where(Channels.group_id.is_(None)),
    Users: select(Users.id).where(~HAS_ACCOUNT),
}


async def purge(database: Database) -> int:
    """Delete the rest of what was deleted; how many rows it was.

    If it is killed at any line, its next run goes on from there. It rests as long as it has worked:
    the other half of the time is for whoever writes.
    """
    purged = await delete_forgotten_events(database)
    for table, deleted in _DELETED.items():
        async with database.read() as db:
            rows = await db.all(deleted)
        for row in rows:
            for piece in _pieces(table):
                while changed := await _run(database, piece, of_id=row.id, batch=BATCH):
                    purged += changed
            purged += await _run(database, _itself(table), of_id=row.id)
    return purged


async def _run(database: Database, statement: Update | Delete, **values: int) -> int:
    began = time.monotonic()
    async with database.write() as db:
        changed = await db.run(statement, **values)
    await asyncio.sleep(time.monotonic() - began)
    return changed


@cache
def _pieces(table: type[Base]) -> list[Update | Delete]:
    """For each foreign key to a table, what some rows are to lose before their row `of_id` goes."""
    return [_piece(key) for key in foreign_keys_to(table)]


def _piece(key: ForeignKey) -> Update | Delete:
    """Rows that somebody has locked are passed over: nobody waits for this, or this for anybody."""
    table, column = key.parent.table, key.parent
    names = [name for name in table.primary_key if name is not column]
    some = select(*names).where(column == bindparam("of_id")).limit(bindparam("batch"))
    is_deleted = key.ondelete == "CASCADE"
    if is_deleted and any(own.column.table is table for own in table.foreign_keys):
        some = some.order_by(*(name.desc() for name in names))  # replies before their post
    chosen: ColumnElement[bool] = tuple_(*names).in_(some.with_for_update(skip_locked=True))
    if column.primary_key:
        chosen = and_(column == bindparam("of_id"), chosen)
    piece = delete(table) if is_deleted else update(table).values({column: None})
    return piece.where(chosen).execution_options(in_thread=True)


@cache
def _itself(table: type[Base]) -> Delete:
    return delete(table).where(table.__table__.c.id == bindparam("of_id"))
