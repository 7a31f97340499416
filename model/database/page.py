"""Keyset pages: a page begins behind an id that the client has seen, whatever was added since."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, TypeVarTuple

from sqlalchemy import Select, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from model.database.table import MAX_ID

Column = InstrumentedAttribute[int]
Ts = TypeVarTuple("Ts")
R = TypeVar("R")

DEFAULT_LIMIT, MAX_LIMIT = 20, 100


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted: its beginning, or what follows on an id.

    `before` goes towards older things, `after` towards newer ones. `limit` is how many at most.
    """

    limit: int = DEFAULT_LIMIT
    before: int | None = None
    after: int | None = None

    @property
    def values(self) -> dict[str, int]:
        """What to bind in the page's statement; one row more than shown tells of a next page."""
        after = self.after or 0
        return {"limit": self.limit + 1, "before": self.before or MAX_ID, "after": after}

    def cut(self, rows: Sequence[R], key: str = "id") -> tuple[Sequence[R], int | None]:
        """The rows of this page, and where the next begins: what to give as `before` or `after`."""
        if len(rows) <= self.limit:
            return rows, None
        return rows[: self.limit], getattr(rows[self.limit - 1], key)


@dataclass(frozen=True)
class Pages(Generic[*Ts]):
    """The two statements of a list, one for each direction."""

    older: Select[*Ts]
    newer: Select[*Ts]
    newest_first: bool

    def of(self, page: Page) -> Select[*Ts]:
        """The statement of a page: it finds the nearest rows first."""
        if page.before is None and page.after is None:
            return self.older if self.newest_first else self.newer
        return self.newer if page.before is None else self.older


def pages(statement: Select[*Ts], key: Column, *, newest_first: bool = False) -> Pages[*Ts]:
    """A list in the order of `key`; `newest_first` says from which end it begins."""
    limited = statement.limit(bindparam("limit"))
    older = limited.where(key < bindparam("before")).order_by(key.desc())
    newer = limited.where(key > bindparam("after")).order_by(key)
    return Pages(older, newer, newest_first)
