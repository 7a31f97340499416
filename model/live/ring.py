"""The newest events of one topic, each encoded once, for all sockets of a worker."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from model.database.row import AnyRow
from model.live.ephemeral import encode
from model.live.frame import Frame, in_one_frame
from model.log.event import scrubbed_data

_MAX_FRAME_EVENTS = 500
_MAX_FRAME_CHARS = 256 * 1024
_MAX_FRAMES = 8  # places at which sockets stand and share what is next


class EventMessage(msgspec.Struct, tag="event"):
    """An event as it is sent. `tx` is the id of the request that made it."""

    topic: str
    seq: int
    kind: str
    data: msgspec.Raw
    at: datetime
    by: int | None
    tx: str | None


@dataclass(slots=True)
class Encoded:
    """An event as the text that is sent. Keeping its parts too would take twice the memory."""

    seq: int
    about: str | None
    text: str

    @classmethod
    def of(cls, row: AnyRow) -> "Encoded":
        message = EventMessage(
            row.topic, row.seq, row.kind, msgspec.Raw(row.data.encode()), row.at, row.by, row.tx
        )
        return cls(row.seq, row.about, encode(message))

    def scrub(self) -> None:
        """Empty the data of an event about something that was deleted or edited."""
        assert self.about
        message = msgspec.json.decode(self.text, type=EventMessage)
        message.data = msgspec.Raw(scrubbed_data(self.about).encode())
        self.text, self.about = encode(message), None


class Ring:
    """The events with `base` < seq <= `head`; `head` is how far the log has been looked at."""

    def __init__(self, head: int, prefilled: int = 0) -> None:
        """Begin after the number `head`; up to `prefilled` the log had events already."""
        self.base = self.head = head
        self._prefilled = prefilled
        self.size = 0  # characters
        self._events: list[Encoded] = []
        self._frames: dict[int, tuple[Frame, int]] = {}

    def append(self, event: Encoded) -> bool:
        """Add the next event, and return whether it is newer than what the ring began with.

        A known one is passed over; after a gap the ring begins anew.
        """
        seq = event.seq
        if seq <= self.head:
            return False
        if seq > self.head + 1:
            self.restart(seq - 1)
        self._events.append(event)
        self._frames.clear()
        self.head = seq
        self.size += len(event.text)
        return seq > self._prefilled

    def scrub(self, abouts: Collection[str]) -> None:
        """Empty the data of the events about what was deleted or edited."""
        for event in self._events:
            if event.about in abouts:
                self.size -= len(event.text)
                event.scrub()
                self.size += len(event.text)
        self._frames.clear()

    def restart(self, head: int) -> None:
        """Begin anew, without events, after the number `head`."""
        self.base = self.head = head
        self.size = 0
        self._events.clear()
        self._frames.clear()

    def trim(self, max_events: int, max_size: int) -> None:
        """Drop the oldest events until there are at most so many, of at most so many characters."""
        drop, size = max(0, len(self._events) - max_events), self.size
        size -= sum(len(event.text) for event in self._events[:drop])
        while size > max_size:
            size -= len(self._events[drop].text)
            drop += 1
        if drop:
            del self._events[:drop]
            self.base, self.size = self.base + drop, size
            self._frames.clear()

    def frame(self, after: int) -> tuple[Frame, int] | None:
        """The next events after a cursor, in a frame, and the cursor after them.

        Sockets that have the same cursor share the frame. None when there is nothing new. Raises
        LookupError when the cursor is behind the ring.
        """
        if after < self.base:
            raise LookupError
        if after >= self.head:
            return None
        if after not in self._frames:
            if len(self._frames) >= _MAX_FRAMES:
                self._frames.clear()
            texts: list[str] = []
            size = 0
            for event in self._events[after - self.base :][:_MAX_FRAME_EVENTS]:
                size += len(event.text)
                if texts and size > _MAX_FRAME_CHARS:
                    break
                texts.append(event.text)
            self._frames[after] = in_one_frame(texts), after + len(texts)
        return self._frames[after]


def trim_largest(rings: Iterable[Ring], max_size: int) -> None:
    """Empty the largest rings until all of them have at most `max_size` characters."""
    largest = sorted(rings, key=lambda ring: ring.size)
    excess = sum(ring.size for ring in largest) - max_size
    while excess > 0:
        ring = largest.pop()
        kept = max(0, ring.size - excess)
        excess -= ring.size
        ring.trim(ring.head - ring.base, kept)
        excess += ring.size
