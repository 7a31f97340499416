"""Preconditions: what a request wants to be true before it is carried out.

They are those of RFC 9110, section 13.
"""

from collections.abc import Collection
from dataclasses import dataclass

_ANY = "*"


@dataclass(frozen=True)
class Precondition:
    """The tags of versions that are wanted, or not wanted; None for a condition that is not set.

    Tags are in their quotes; `*` is any version. A weak tag (`W/"7-1"`) is good enough to say that
    one has a version, but not to replace it.
    """

    if_match: Collection[str] | None = None
    if_none_match: Collection[str] | None = None

    def holds(self, tag: str | None) -> bool:
        """Whether the condition is true; `tag` is that of the current version, None for none."""
        return (self.if_match is None or _names(self.if_match, tag)) and not self.is_known(tag)

    def is_known(self, tag: str | None) -> bool:
        """Whether the client says that it has this version already."""
        return _names([given.removeprefix("W/") for given in self.if_none_match or ()], tag)


def _names(tags: Collection[str], tag: str | None) -> bool:
    return tag is not None and (tag in tags or _ANY in tags)
