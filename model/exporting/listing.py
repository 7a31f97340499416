"""Whole tables in pages, each a unit of work of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from sqlalchemy import bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from model.database.row import AnyRow, AnySelect

Read = Callable[..., Awaitable[Sequence[AnyRow]]]
"""Executes a statement with values in a unit of work, where the right to it was judged."""

_AT_ONCE = 200


class Listing:
    """Rows in the order of some columns, which they have under their own names."""

    def __init__(
        self, statement: AnySelect, *keys: InstrumentedAttribute[object], at_once: int = _AT_ONCE
    ) -> None:
        places = {key.key: bindparam(f"after_{key.key}", type_=key.type) for key in keys}
        self._statement = (
            statement.where(tuple_(*keys) > tuple_(*places.values())).order_by(*keys).limit(at_once)
        )
        self._first = {f"after_{key.key}": key.type.python_type() for key in keys}  # 0, or ""
        self._names = list(places)

    async def pages(self, read: Read, **values: object) -> AsyncIterator[Sequence[AnyRow]]:
        after = self._first
        while rows := await read(self._statement, **values, **after):
            yield rows
            after = {f"after_{name}": getattr(rows[-1], name) for name in self._names}
