"""Answers that are kept: who asks for the same version of a list causes no row to be read again.

Each is of one version, and one that is not asked for is no answer: nothing here is ever out of
date. Of a list only the newest answer is kept, and the right to read it is judged before.
"""

from collections import OrderedDict
from collections.abc import Hashable

MAX_KEPT_BYTES = 8 * 1024 * 1024  # of a worker
ENTRY_BYTES = 1000  # that an answer takes beside its own


class KeptLists:
    """Answers by list and tag; those that nobody has asked for the longest give way."""

    def __init__(self, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._answers: OrderedDict[Hashable, tuple[str, bytes]] = OrderedDict()
        self._max_bytes, self._bytes = max_bytes, 0

    def find(self, which: Hashable, tag: str) -> bytes | None:
        kept_tag, body = self._answers.get(which, ("", b""))
        if kept_tag != tag:
            return None
        self._answers.move_to_end(which)
        return body

    def keep(self, which: Hashable, tag: str, body: bytes) -> None:
        if which in self._answers:
            self._forget(which)
        self._answers[which] = tag, body
        self._bytes += len(body) + ENTRY_BYTES
        while self._bytes > self._max_bytes:
            self._forget(next(iter(self._answers)))

    def _forget(self, which: Hashable) -> None:
        _, body = self._answers.pop(which)
        self._bytes -= len(body) + ENTRY_BYTES
