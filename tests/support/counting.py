"""A database that shows how much is left after each transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from model.database.table import Base
from model.database.unit_of_work import Database, Transaction
from model.log.event import write_events


class CountingDatabase(Database):
    """The rows of a table are counted at the end of each transaction that comes so far."""

    def __init__(self, url: str, table: type[Base]) -> None:
        super().__init__(url, before_commit=write_events)
        self.rows: list[int] = []
        self._count = select(func.count()).select_from(table)

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        async with super().write(tx) as db:
            yield db
            self.rows.append(await db.scalar_one(self._count))
