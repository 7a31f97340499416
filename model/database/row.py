"""Rows as things: by the names of their columns, never by their order or number."""

from collections.abc import Callable, Sequence
from dataclasses import Field, fields, is_dataclass
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import ColumnElement, Row, Select

from model.database.table import Base

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


class Thing(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


T = TypeVar("T", bound=Thing)


def columns_of(
    table: type[Base], kind: type[Thing], prefix: str = ""
) -> Sequence[ColumnElement[Any]]:
    """The columns of a table that the dataclass `kind` has fields for, in the table's order.

    With a prefix they are named after what they belong to: `channel_id`, `channel_name`.
    """
    wanted = {field.name for field in fields(kind)}
    columns = [column for column in table.__table__.columns if column.name in wanted]
    return [column.label(prefix + column.name) for column in columns] if prefix else columns


def load(kind: type[T], row: AnyRow) -> T:
    """The dataclass `kind`, from the columns that are named like its fields.

    A field that is a dataclass itself is made from the columns with its name before theirs:
    `channel` from `channel_id`, `channel_name` and so on. Raises ValueError for a missing column.
    """
    make: Callable[[AnyRow], T] = _maker(kind, row._fields)
    return make(row)


def load_all(kind: type[T], rows: Sequence[AnyRow]) -> list[T]:
    """The dataclass `kind` from each of some rows of the same statement, in their order."""
    return [*map(_maker(kind, rows[0]._fields), rows)] if rows else []


@cache
def _maker(kind: type[T], columns: tuple[str, ...], prefix: str = "") -> Callable[[AnyRow], T]:
    """What makes `kind` from a row that has these columns."""
    is_flat = not any(is_dataclass(field.type) for field in fields(kind))
    if is_flat and len(fields(kind)) > 1:  # of one, itemgetter returns no tuple
        values = itemgetter(*[columns.index(prefix + field.name) for field in fields(kind)])
        return lambda row: kind(*values(row))
    readers: list[Callable[[AnyRow], object]] = []
    for field in fields(kind):
        name = prefix + field.name
        if is_dataclass(field.type) and isinstance(field.type, type):
            readers.append(_maker(field.type, columns, f"{name}_"))
        else:
            readers.append(itemgetter(columns.index(name)))
    return lambda row: kind(*[read(row) for read in readers])
