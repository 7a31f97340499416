"""A JSON object as rows of `key` and `value`: one cached statement for any number of values."""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.selectable import TableValuedAlias


class json_each(GenericFunction[str]):  # noqa: N801 - named as SQLite names it
    inherit_cache = True


@compiles(json_each, "postgresql")
def _json_each_text(element: json_each, compiler: SQLCompiler, **options: object) -> str:
    return f"json_each_text(CAST({compiler.process(element.clauses, **options)} AS json))"


def json_rows(name: str) -> TableValuedAlias:
    """The rows of the object that is bound as `name`."""
    return json_each(bindparam(name, type_=Text)).table_valued("key", "value", name=f"given_{name}")


def number(column: ColumnElement[str]) -> ColumnElement[int]:
    """A key or a value as a number: PostgreSQL gives both as text."""
    return cast(column, BigInteger)


def json_object(values: Mapping[str, int] | Iterable[str | int]) -> str:
    """The JSON to bind for `json_rows`: of a mapping, or of keys alone."""
    pairs = values if isinstance(values, Mapping) else dict.fromkeys(map(str, values), 0)
    return msgspec.json.encode(pairs).decode()
