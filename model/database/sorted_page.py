"""Pages of a list that its reader has sorted: a page begins behind a thing that she has seen.

Where that thing is in the order is asked anew for each page, so that its id says enough. The ids of
a page are found first, by what they are sorted by; what is shown of each comes after that.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, or_
from sqlalchemy.orm import InstrumentedAttribute

from model.database.page import DEFAULT_LIMIT
from model.database.unit_of_work import Transaction
from model.errors import Invalid


@dataclass(frozen=True)
class SortedPage:
    """The first things in an order, or what follows there on the thing `after`."""

    limit: int = DEFAULT_LIMIT
    after: int | None = None


class Order:
    """An order by a key, of the things whose ids a statement selects; equal ones go by their ids.

    `everything` selects the ids of all things that a page may begin behind.
    """

    def __init__(
        self,
        listed: Select[int],
        everything: Select[int],
        id_: InstrumentedAttribute[int],
        key: Any,
        *,
        descending: bool,
    ) -> None:
        behind: BindParameter[Any] = bindparam("behind", type_=key.type)
        after: BindParameter[int] = bindparam("after")
        if descending:
            further = or_(key < behind, and_(key == behind, id_ < after))
            by = (key.desc(), id_.desc())
        else:
            further = or_(key > behind, and_(key == behind, id_ > after))
            by = (key.asc(), id_.asc())
        self._first = listed.order_by(*by).limit(bindparam("limit"))
        self._following = self._first.where(further)
        self._key = everything.with_only_columns(key.label("key")).where(id_ == bindparam("of_id"))

    async def ids(
        self, db: Transaction, page: SortedPage, **values: object
    ) -> tuple[list[int], int | None]:
        """The ids of a page, and behind which the next one begins.

        Raises Invalid when the thing behind which it begins is not there any more.
        """
        values["limit"] = page.limit + 1
        if page.after is None:
            rows = await db.all(self._first, **values)
        else:
            found = await db.first(self._key, of_id=page.after)
            if found is None:
                raise Invalid({"after": "This is not in the list any more: begin anew."})
            rows = await db.all(self._following, **values, behind=found.key, after=page.after)
        ids = [row.id for row in rows]
        return ids[: page.limit], ids[page.limit - 1] if len(ids) > page.limit else None
