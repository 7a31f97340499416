"""What it takes to declare a table: the base class, the types of columns, and the present time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, ForeignKey, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

MAX_ID = 2**63 - 1
CLOCKS_DIFFER_BY = timedelta(minutes=1)
"""How far apart the clocks of the machines that share a database may be."""


_present: ContextVar[datetime | None] = ContextVar("present", default=None)


class Instant(TypeDecorator[datetime]):
    """A time in UTC, with its zone, on both databases. SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """What writes the text that SQLite has; SQLAlchemy's own takes several times as long."""
        return _text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads it."""
        return _instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat(" ", "microseconds")[:-6]


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


class Base(DeclarativeBase):
    """The base class of all tables. A class is a table, named in the plural."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        int: BigInteger().with_variant(Integer, "sqlite"),
        datetime: Instant,
    }


def one_of(choices: type[StrEnum], name: str) -> Enum:
    """A column that takes the values of an enumeration, kept by a CHECK named `name`."""
    return Enum(
        choices,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda enum: [str(choice) for choice in enum],
    )


def foreign_keys_to(referred: type[Base]) -> list[ForeignKey]:
    """All foreign keys that refer to a table, once the modules of the other tables are imported."""
    return [
        key
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table is referred.__table__
    ]


def now() -> datetime:
    return _present.get() or datetime.now(UTC)


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Let everything in this block be done at a given moment, by this task alone."""
    token = _present.set(moment)
    try:
        yield
    finally:
        _present.reset(token)
