"""What a finder locks is what the thing that it finds is made of."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import FromClause, Join, Table
from sqlalchemy.engine import make_url

import model
from model.database.unit_of_work import Finder

AnyFinder = Finder[*tuple[Any, ...]]

POSTGRESQL = make_url("postgresql+asyncpg://").get_dialect()()
NEVER_LOCKED = {"blobs"}  # their rows are added and removed, never changed
SHOWN_ONLY = {"users"}  # beside what is found, they are there for their names


def finders() -> dict[str, AnyFinder]:
    """Each finder of the model, by the module and the name that it has there."""
    names = [module.name for module in pkgutil.walk_packages(model.__path__, "model.")]
    modules = [importlib.import_module(name) for name in names if "migrations" not in name]
    return {
        f"{module.__name__}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Finder)
    }


def required(part: FromClause) -> Iterator[str]:
    """The tables without whose rows nothing is found: not the far side of an outer join."""
    if isinstance(part, Join):
        yield from required(part.left)
        if not part.isouter:
            yield from required(part.right)
    elif isinstance(part, Table):
        yield part.name


def locked(found: AnyFinder) -> set[str]:
    statement = str(found.locking.compile(dialect=POSTGRESQL))
    named = re.search(r" FOR NO KEY UPDATE OF ([\w, ]+)$", statement)
    return set(named[1].split(", ")) if named else set()


@pytest.mark.parametrize("name", finders())
def test_each_finder_locks_the_tables_of_which_its_thing_is_made(name: str) -> None:
    """`locks` names every table that the statement joins, as far as its rows decide something.

    A table whose row must be there is part of the thing, or of the right to it: with `Memberships`
    the role, with `Channels` who may read. Left out are the far side of an outer join, which
    PostgreSQL cannot lock; rows that never change; and people, where the thing is not a person.
    """
    found = finders()[name]
    tables = {table for part in found.reading.get_final_froms() for table in required(part)}
    decisive = tables - NEVER_LOCKED
    if len(decisive) > 1:
        decisive -= SHOWN_ONLY
    assert locked(found) == decisive


def test_no_finder_is_overlooked() -> None:
    assert len(finders()) > 8
