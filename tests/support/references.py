"""Looks into JSON documents whose parts refer to each other."""

from collections.abc import Iterator
from typing import Any


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects that are in a part of a document, the part itself among them."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from parts(part)


def references(value: Any) -> Iterator[dict[str, str]]:
    return (part for part in parts(value) if isinstance(part.get("$ref"), str))


def look_up(document: Any, reference: dict[str, str]) -> Any:
    found = document
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def resolved(document: Any) -> Any:
    """The document with the parts that it refers to where it refers to them."""

    def whole(part: Any) -> Any:
        match part:
            case {"$ref": str()}:
                return whole(look_up(document, part))
            case dict():
                return {name: whole(value) for name, value in part.items()}
            case list():
                return [whole(value) for value in part]
        return part

    return whole(document)
