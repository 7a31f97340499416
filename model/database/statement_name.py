"""What a statement is called: the module and the name of its constant, and never a value."""

import sys
from collections.abc import Collection, Iterator
from dataclasses import is_dataclass
from functools import lru_cache

from sqlalchemy import Executable

_OURS = ("model.", "api.", "tests.")
_MOST_CHARS = 80
_FEW = 20  # in a table of statements; those of signs and words are longer


def name_of_constant(statement: object) -> str | None:
    """As in `model.post._NEWEST`; None for one that was made by a function."""
    return _names(len(sys.modules)).get(id(statement))


def beginning(sql: str) -> str:
    """The first words of the SQL, in which each value is a placeholder."""
    words = " ".join(sql.split())
    return words if len(words) <= _MOST_CHARS else f"{words[:_MOST_CHARS]}…"


@lru_cache(maxsize=1)
def _names(modules: int) -> dict[int, str]:
    """Of all constants, by their ids. To look through so many modules takes some milliseconds."""
    del modules
    return {
        id(each): f"{module}.{name}"
        for module, loaded in [*sys.modules.items()]
        if module.startswith(_OURS)
        for name, value in [*vars(loaded).items()]
        for each in _within(value)
        if isinstance(each, Executable)
    }


def _within(value: object, depth: int = 2) -> Iterator[object]:
    """A constant, and what is in it: the statements of finders, of pages, and of tables of them."""
    yield value
    inner: Collection[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, tuple | list):
        inner = value
    elif is_dataclass(value):
        inner = getattr(value, "__dict__", {}).values()
    if depth and len(inner) <= _FEW:
        for each in inner:
            yield from _within(each, depth - 1)
