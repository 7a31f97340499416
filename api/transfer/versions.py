"""Versions of lists: until one changes, no row of it is read again, and whoever polls gets 304.

The events of some topics tell whatever such a list shows: when it changes, one of them has another
event. So how far they go, in the snapshot in which the right to read was judged, is an exact
version of the list. The epoch belongs to it, because another one may give out a number again, and
so does our own code, which may show the same otherwise. What differs by reader (unread posts, one's
own role) is told by too many topics, or none: lists that show it have no version.
"""

import hashlib
from collections.abc import Awaitable, Callable, Hashable, Mapping
from functools import cache, partial, wraps
from typing import Any

import msgspec
from quart import Response, jsonify

from api.context import services
from api.settings import ROOT
from api.transfer.preconditions import conditional, not_modified, precondition, tagged
from model.database.unit_of_work import Transaction
from model.documents.precondition import Precondition
from model.log.cursor import Live, cursors

View = Callable[..., Awaitable[Any]]
Find = Callable[[str], bytes | None]


NOTHING: Mapping[str, object] = {}


class Known(Exception):
    """The client has this version of the list, or its answer (`body`) is kept here."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body


class ListVersion:
    """The version of a list that is being fetched, as its entity tag, once it was asked for."""

    def __init__(self, known: Precondition, code: str, kept: Find) -> None:
        """`known` are the versions that the client has; `kept` finds an answer by its tag."""
        self.tag = ""
        self._known, self._code, self._kept = known, code, kept

    async def cursors(
        self, db: Transaction, topic: str, *others: str, beside: Mapping[str, object] = NOTHING
    ) -> Live:
        """The `live` of the list, which follows `topic`; the `others` tell what it shows as well.

        What stands `beside` it, and no event tells, belongs to its version itself. Comes after the
        right to read was judged. Raises Known when no row need be read.
        """
        stand = await cursors(db, topic, *others)
        told = [f"{name}={seq}" for name, seq in sorted(stand["topics"].items())]
        if beside:
            told.append(hashlib.sha256(msgspec.json.encode(beside)).hexdigest())
        self.tag = f'"{".".join((stand["epoch"], self._code, *told))}"'
        if self._known.is_known(self.tag):
            raise Known(None)
        if (body := self._kept(self.tag)) is not None:
            raise Known(body)
        return {"epoch": stand["epoch"], "topics": {topic: stand["topics"][topic]}}


def versioned(view: View) -> View:
    """Answer a list with its version, or with 304; the view gets it as `version`."""

    @wraps(view)
    async def answer(**values: Any) -> Response:
        listed, tag = await fetched(view, precondition(), values)
        return not_modified(tag) if listed is None else tagged(jsonify(listed), tag)

    answer.is_versioned = True  # type: ignore[attr-defined] # for api/lane.py
    return conditional("If-None-Match")(answer)


async def fetched(
    view: View, known: Precondition, values: Mapping[str, Hashable]
) -> tuple[msgspec.Raw | None, str]:
    """A list as JSON, or None when its version is known to the client; and the tag of its version.

    `values` are the arguments of the view: they say which list it is.
    """
    running, which = services(), (view, frozenset(values.items()))
    version = ListVersion(known, running.code, partial(running.kept_lists.find, which))
    try:
        listed = await view(**values, version=version)
    except Known as found:
        return None if found.body is None else msgspec.Raw(found.body), version.tag
    body = msgspec.json.encode(listed)
    running.kept_lists.keep(which, version.tag, body)
    return msgspec.Raw(body), version.tag


@cache
def code_digest() -> str:
    """What the code of this process is called, if nobody changes it while it starts."""
    digest = hashlib.sha256()
    for folder in ("api", "model"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
