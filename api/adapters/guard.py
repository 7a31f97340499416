"""The guard in front of other people's private parts, which may change with any version."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.metadata import version

from api.adapters import hypercorn, quart
from model.database import sqlite, statement


class Untried(Exception):
    """The message names each library whose version was not tried, and what to do."""


@cache
def require_tried() -> None:
    """Raises Untried when a library has another version than our overrides were tried with."""
    ours = (hypercorn, quart, sqlite, statement)
    if wrong := [line for overrides in ours for line in tried_with(overrides.TRIED_WITH)]:
        raise Untried(" ".join([*wrong, "Install what requirements.txt names."]))


def tried_with(versions: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Complains of each library that has none of its versions, which are like `0.22`."""
    for library, tried in versions.items():
        installed = version(library)
        if ".".join(installed.split(".")[:2]) not in tried:
            yield f"{library} is {installed}, but was tried with {' and '.join(tried)} only."
