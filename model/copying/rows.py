"""Rows on their way from one database to another: in a form that both understand.

It is what asyncpg takes and gives: times with their zone, truth values; JSON is text.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Table

from model.database.table import Base

Row = tuple[Any, ...]
"""Values in the order of the table's columns."""

ROWS_AT_ONCE = 500  # a document has 64 KiB at most; and nobody waits long for so many


class CannotCopy(Exception):
    """The message is one line for whoever wants the copy."""


class Rows(Protocol):
    """The tables of a database, within one transaction."""

    async def count(self, table: Table) -> int: ...

    def read(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        """All rows, ROWS_AT_ONCE, in any order."""

    async def fill(self, table: Table, rows: AsyncIterator[Sequence[Row]]) -> None:
        """Put rows beside those that are there."""

    async def clear(self, table: Table) -> None:
        """Delete all rows."""

    async def run(self, statement: Executable) -> object: ...

    async def last_ids(self) -> Mapping[str, int]:
        """The last id that each table has given out, if it has, whether or not its row is there."""

    async def go_on_from(self, last_ids: Mapping[str, int]) -> None:
        """Let each table give out the ids behind these."""


def all_tables() -> Sequence[Table]:
    """Those that others refer to come first."""
    return Base.metadata.sorted_tables


def numbered_tables() -> Sequence[Table]:
    """Those that never give an id out twice."""
    return [table for table in all_tables() if table.dialect_options["sqlite"]["autoincrement"]]
