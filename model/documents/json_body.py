"""The JSON of a document: how large and how deep it may be, and how a patch changes it."""

from typing import Any

import msgspec
from typing_extensions import TypeAliasType

from model.errors import Invalid, TooLarge

MAX_DOCUMENT_BYTES = 64 * 1024
_MAX_LEVELS = 100  # of lists and objects in each other: no parser gives up so early

JsonValue = TypeAliasType("JsonValue", Any)
"""null, a boolean, a number, a string, a list or an object; the OpenAPI document has this name."""


def encoded(body: JsonValue) -> str:
    """The JSON of a body. Raises TooLarge."""
    json = msgspec.json.encode(body)
    require_size(len(json))
    return json.decode()


def require_size(size_bytes: int) -> None:
    """Raises TooLarge when JSON has more bytes than a document may have."""
    if size_bytes > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"A document has at most {MAX_DOCUMENT_BYTES // 1024} KiB of JSON.")


def require_levels(body: JsonValue) -> None:
    """Raises Invalid when lists and objects lie in each other on more than 100 levels."""
    if _is_deeper(body, _MAX_LEVELS):
        raise Invalid({"body": f"It has more than {_MAX_LEVELS} levels."})


def merge_patch(target: JsonValue, patch: JsonValue) -> JsonValue:
    """`target` with a JSON Merge Patch (RFC 7396); neither of the two is changed.

    An object says what changes in another one, and `null` takes a member out of it.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), change)
    return merged


def _is_deeper(value: JsonValue, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in inside)
