"""What a request wants to be true of a thing before it is carried out (RFC 9110, section 13)."""

from collections.abc import Collection
from dataclasses import dataclass

_ANY = "*"


@dataclass(frozen=True)
class Precondition:
    """Tags of versions, in their quotes, or `*` for whichever there is; None: it does not matter.

    A weak tag (`W/"7-1"`) is good enough to say that one has a version, not to replace it.
    """

    if_match: Collection[str] | None = None
    if_none_match: Collection[str] | None = None

    def holds(self, tag: str | None) -> bool:
        """`tag` is that of the current version; None: there is none."""
        return (self.if_match is None or _names(self.if_match, tag)) and not self.is_known(tag)

    def is_known(self, tag: str | None) -> bool:
        """Whether who asks has this version already."""
        return _names([given.removeprefix("W/") for given in self.if_none_match or ()], tag)


def _names(tags: Collection[str], tag: str | None) -> bool:
    return tag is not None and (tag in tags or _ANY in tags)
