"""Preconditions: what a request wants to be true before it is carried out.

They are those of RFC 9110, section 13.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

_ANY = "*"
_CODING = re.compile(r'(?:--?|;)(?:gzip|deflate|br|zstd)"$')


def as_made(tag: str) -> str:
    """A tag as it was before something compressed the answer on its way.

    nginx makes it weak (`W/"7-1"`); Apache and Caddy (`"7-1-gzip"`), and others with `;` or `--`,
    add what they compressed with.
    """
    return _CODING.sub('"', tag.removeprefix("W/"))


@dataclass(frozen=True)
class Precondition:
    """The tags of versions that are wanted, or not wanted; None for a condition that is not set.

    Tags are in their quotes; `*` is any version. RFC 9110 lets a weak tag match in If-None-Match
    alone. Here it does in If-Match too: our tags number versions, and none of them is weak before
    something on the way has made it so.
    """

    if_match: Collection[str] | None = None
    if_none_match: Collection[str] | None = None

    def holds(self, tag: str | None) -> bool:
        """Whether the condition is true; `tag` is that of the current version, None for none."""
        return (self.if_match is None or _names(self.if_match, tag)) and not self.is_known(tag)

    def is_known(self, tag: str | None) -> bool:
        """Whether the client says that it has this version already."""
        return _names(self.if_none_match or (), tag)


def _names(tags: Collection[str], tag: str | None) -> bool:
    return tag is not None and any(as_made(given) in {tag, _ANY} for given in tags)
