"""Rows become things by the names of their columns, whatever else there is in them."""

from dataclasses import dataclass

import pytest
from sqlalchemy import literal, select

from api.context import Services
from model.database.row import load, load_all


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Named:
    id: int
    owner: Name


async def test_a_thing_of_one_field_is_loaded_as_any_other(services: Services) -> None:
    async with services.database.read() as db:
        row = await db.first(select(literal(7).label("id"), literal("ann").label("name")))
        assert row is not None
        assert load(Name, row) == Name("ann")
        assert load_all(Name, [row, row]) == [Name("ann"), Name("ann")]


async def test_a_thing_within_a_thing_takes_the_columns_with_its_name(services: Services) -> None:
    columns = (literal("ann").label("owner_name"), literal("x").label("name"))
    async with services.database.read() as db:
        row = await db.first(select(*columns, literal(7).label("id")))
        without = await db.first(select(literal(7).label("id")))
    assert row is not None
    assert load(Named, row) == Named(7, Name("ann"))
    assert without is not None
    with pytest.raises(ValueError, match="not in tuple"):
        load(Named, without)
