"""Statements as the driver takes them: compiled once, by SQLAlchemy, and then run without it.

SQLAlchemy says what the SQL is, and how values are bound and read. Its execution takes twenty times
as long as a short read of SQLite, so a driver is asked directly. Whoever wants all of SQLAlchemy
has it in `db.session`.
"""

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from sqlalchemy import ClauseElement, Delete, Dialect, Executable, Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.dialects.sqlite.aiosqlite import dialect as aiosqlite_dialect
from sqlalchemy.engine import Row
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import SelectBase

from model.database.row import AnyRow
from model.database.statement_name import beginning, name_of_constant

TRIED_WITH = {"sqlalchemy": ["2.1"]}

Process = Callable[[Any], Any]

_NUMERIC = 1700
"""What PostgreSQL calls this type. Only numbers with a fraction are read by what comes for them."""


class Prepared:
    """A statement of one dialect, for values of given names."""

    __slots__ = ("_binds", "_name", "_row", "_statement", "in_thread", "only_reads", "sql")

    def __init__(
        self, statement: Executable, compiled: SQLCompiler, forget: Callable[[object], None]
    ) -> None:
        self.sql = compiled.string
        self.only_reads = isinstance(statement, SelectBase)
        options = statement.get_execution_options()
        self.in_thread = options.get("in_thread", False) or _cascades(statement)
        self._binds = _binds(compiled)
        self._row = _maker_of_rows(compiled)
        self._statement = weakref.ref(statement, forget)
        self._name: str | None = None

    @property
    def name(self) -> str:
        """For people. It is looked for when somebody asks: few statements are ever named."""
        if self._name is None:
            self._name = name_of_constant(self._statement()) or beginning(self.sql)
        return self._name

    def parameters(self, values: Mapping[str, object]) -> list[object]:
        """What to bind, in the order of its places. Raises KeyError for a missing value."""
        return [
            fixed if name is None else process(values[name]) if process else values[name]
            for name, process, fixed in self._binds
        ]

    def rows(self, found: Iterable[Sequence[Any]], names: Iterable[str] = ()) -> list[AnyRow]:
        """The rows, from what a driver has found. A text does not know its columns: `names` do."""
        row = self._row or _rows_of(list(names), [])
        return [row(values) for values in found]


class Statements:
    """The statements of one kind of database, each compiled when it is first run.

    They are found by who they are, so they are constants of their modules: one that is made for
    each call is compiled for each call, and forgotten with it.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[object, ...], Prepared] = {}

    def __len__(self) -> int:
        return len(self._known)

    def prepared(self, statement: Executable, values: Mapping[str, object]) -> Prepared:
        """The statement for values of these names."""
        key = (id(statement), *values)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._prepare(statement, values, key)
        return known

    def _prepare(
        self, statement: Executable, names: Iterable[str], key: tuple[object, ...]
    ) -> Prepared:
        compiled = cast(ClauseElement, statement).compile(
            dialect=self._dialect,
            column_keys=list(names) or None,
            # nobody asks for the id of a new row but by RETURNING
            for_executemany=not getattr(statement, "_returning", ()),
        )
        assert isinstance(compiled, SQLCompiler)
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"bind lists by json_rows, and give each value by name: {compiled}")
        return Prepared(statement, compiled, partial(self._forget, key))

    def _forget(self, key: tuple[object, ...], _: object) -> None:
        del self._known[key]


SQLITE = Statements(aiosqlite_dialect())
POSTGRESQL = Statements(asyncpg_dialect())  # type: ignore[no-untyped-call]


def _cascades(statement: Executable) -> bool:
    """Whether rows of other tables go or change with those that are deleted."""
    if not isinstance(statement, Delete) or not isinstance(table := statement.table, Table):
        return False
    return any(
        key.ondelete and key.target_fullname.startswith(f"{table.name}.")
        for other in table.metadata.tables.values()
        for key in other.foreign_keys
    )


def _binds(compiled: SQLCompiler) -> list[tuple[str | None, Process | None, object]]:
    """For each place a name and how to bind its value; or a value that the statement brings."""
    processors: Mapping[str, Any] = compiled._bind_processors
    given = compiled.column_keys or ()
    binds: list[tuple[str | None, Process | None, object]] = []
    for name in compiled.positiontup or ():
        bind, process = compiled.binds[name], processors.get(name)
        if bind.required or name in given:
            binds.append((name, process, None))
        else:
            value = bind.effective_value
            binds.append((None, None, process(value) if process else value))
    return binds


def _maker_of_rows(compiled: SQLCompiler) -> Callable[[Sequence[Any]], AnyRow] | None:
    """What makes a row of SQLAlchemy's from what the driver found; None for a text's."""
    columns = compiled._result_columns
    if not columns:
        return None
    names = [column.keyname for column in columns]
    if len(set(names)) < len(names):
        raise TypeError(f"two columns have the same name: {names}")
    processors = [
        column.type._cached_result_processor(compiled.dialect, _NUMERIC) for column in columns
    ]
    return _rows_of(names, processors)


def _rows_of(names: Sequence[str], processors: Sequence[Any]) -> Callable[[Sequence[Any]], AnyRow]:
    parent = SimpleResultMetaData(names)
    return partial(Row, parent, list(processors) if any(processors) else None, parent._key_to_index)
