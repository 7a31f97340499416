"""What the tests of all resources ask of each: found in the test files of the resources.

A file of tests/api has `EXAMPLES`, one for each request that changes something. Paging, the number
of statements, keys, the replay and the OpenAPI document are tested with them.
"""

import functools
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.people import Answer, Visitor

API_TESTS = Path(__file__).parents[1] / "api"
PARAMETER = re.compile(r"\{(\w+)\}")
GROUP = ("ann", "mia", "bob")


@dataclass(frozen=True, eq=False)
class Example:
    """A request that succeeds, as each of `by` may make it; "guest" is somebody new each time.

    `{post_id}` in the path or in the body is what an example `makes`, or one of `values`.
    """

    operation: str
    """Method and path as in the OpenAPI document; what is in braces may have other names."""

    body: Any = None
    """Of JSON; bytes are a file."""

    others: tuple[Any, ...] = ()
    """Other bodies, for the replay."""

    makes: str = ""
    """The parameter of paths that names what is made, and is so called in the answer, or `id`."""

    listed: str = ""
    """The list in which that is then: a path, or the query of the list at the same path."""

    oldest_first: bool = False
    hidden: frozenset[str] = frozenset()
    """Fields of a view that only its reader sees: events do not have them."""

    by: tuple[str, ...] = GROUP
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settles: bool = False
    """A PUT after which nothing is there any more."""

    few: bool = False
    """There may be a few only: its list cannot be made longer."""

    often: int = 1
    """How often the replay does it, compared with others; 0: never."""

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.operation.partition(" ")[2]

    @property
    def list_path(self) -> str:
        return self.listed if self.listed.startswith("/") else self.path + self.listed

    @property
    def noun(self) -> str:
        """As events of it are named: `score` for `score_id`."""
        return self.makes.removesuffix("_id")


Request = tuple[str, str, Any]
"""Method, path and body."""


@functools.cache
def examples() -> tuple[Example, ...]:
    """Those of all resources."""
    modules = [f"tests.api.{file.stem}" for file in sorted(API_TESTS.glob("test_*.py"))]
    return tuple(
        example
        for name in modules
        for example in getattr(importlib.import_module(name), "EXAMPLES", ())
    )


def example_of(operation: str) -> Example | None:
    """The first example of an operation of the OpenAPI document."""
    alike = nameless(operation)
    return next((one for one in examples() if nameless(one.operation) == alike), None)


def example_that_makes(parameter: str) -> Example:
    found = next((one for one in examples() if one.makes == parameter), None)
    assert found, f"no example in tests/api makes {{{parameter}}}"
    return found


def plain_values(parameter: str) -> tuple[str, ...]:
    """Of what nobody makes, such as an emoji."""
    return next((one.values[parameter] for one in examples() if parameter in one.values), ())


def nameless(path: str) -> str:
    """Without the names of parameters, and without a query."""
    return PARAMETER.sub("{}", path.partition("?")[0])


def parameters(*templates: Any) -> Iterator[str]:
    """What is in braces, each once: first in bodies, whose things say where they are."""
    named = PARAMETER.findall("".join(map(json.dumps, reversed(templates))))
    yield from dict.fromkeys(named)


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Values instead of what is in braces: within a text as text, alone as they are."""
    match template:
        case dict():
            return {name: filled(value, values) for name, value in template.items()}
        case list():
            return [filled(value, values) for value in template]
        case str() if alone := PARAMETER.fullmatch(template):
            return values[alone[1]]
        case str():
            return PARAMETER.sub(lambda found: str(values[found[1]]), template)
    return template


async def ask(who: Visitor, request: Request, **headers: str) -> Answer:
    method, path, body = request
    if isinstance(body, bytes):
        return await who.send_file(body, path=path, method=method, **headers)
    return await who.ask(method, path, body, **headers)
