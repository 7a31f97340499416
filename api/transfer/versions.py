"""Versions of lists: whoever polls one gets 304, without a row being read, until it changes.

The events of some topics tell whatever such a list shows: when it changes, one of them has another
event. So how far they go, in the snapshot in which the right to read was judged, is an exact
version of the list. The epoch belongs to it, because another one may give out a number again, and
so does our own code, which may show the same otherwise. What differs by reader (unread posts, one's
own role) is told by too many topics, or none: lists that show it have no version.
"""

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from typing import Any

from quart import Response, jsonify

from api.context import services
from api.settings import ROOT
from api.transfer.preconditions import conditional, not_modified, precondition, tagged
from model.database.unit_of_work import Transaction
from model.documents.precondition import Precondition
from model.log.cursor import Live, cursors

View = Callable[..., Awaitable[Any]]


class NotModified(Exception):
    """The client has this version of the list."""


class ListVersion:
    """The version of a list that is being fetched, as its entity tag, once it was asked for."""

    def __init__(self, known: Precondition, code: str) -> None:
        """`known` are the versions that the client has; `code` is the digest of ours."""
        self.tag = ""
        self._known, self._code = known, code

    async def cursors(self, db: Transaction, topic: str, *others: str) -> Live:
        """The `live` of the list, which follows `topic`; the `others` tell what it shows as well.

        Comes after the right to read was judged. Raises NotModified when the client has it already.
        """
        stand = await cursors(db, topic, *others)
        told = [f"{name}={seq}" for name, seq in sorted(stand["topics"].items())]
        self.tag = f'"{".".join((stand["epoch"], self._code, *told))}"'
        if self._known.is_known(self.tag):
            raise NotModified
        return {"epoch": stand["epoch"], "topics": {topic: stand["topics"][topic]}}


def versioned(view: View) -> View:
    """Answer a list with its version, or with 304; the view gets it as `version`."""

    @wraps(view)
    async def answer(*arguments: Any, **values: Any) -> Response:
        version = ListVersion(precondition(), services().code)
        try:
            listed = await view(*arguments, version=version, **values)
        except NotModified:
            return not_modified(version.tag)
        return tagged(jsonify(listed), version.tag)

    return conditional("If-None-Match")(answer)


@cache
def code_digest() -> str:
    """What the code of this process is called, if nobody changes it while it starts."""
    digest = hashlib.sha256()
    for folder in ("api", "model"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
