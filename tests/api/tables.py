"""Permissions as tables: rows are actors, columns actions, cells the status that is answered."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.people import Visitor

Action = tuple[str, str, object]
"""Method, path and body."""

Statuses = dict[str, int]


def rows(table: str) -> Callable[..., Any]:
    """Parametrises a test with `who` and `may`, a row of the table each."""
    header, *lines = (line.split() for line in table.strip().splitlines())
    parameters = [
        pytest.param(who, dict(zip(header, map(int, cells), strict=True)), id=who)
        for who, *cells in lines
    ]
    return pytest.mark.parametrize(("who", "may"), parameters)


async def tried(who: Visitor, actions: Mapping[str, Action], may: Statuses) -> Statuses:
    """What each action of the table is answered, in the order of its columns."""
    assert actions.keys() == may.keys()
    return {name: (await who.ask(*actions[name])).status for name in may}
