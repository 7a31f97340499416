"""What was acknowledged and what came, noted while it happens."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from api.prove.message import Message
from api.prove.plan import AHEAD_S

NOTHING_IS_LIVE = 2**63


@dataclass
class Place:
    """Where a client stands in a topic, and what went wrong on the way.

    A leak is an event that was committed after the answer to the removal (its number is above the
    topic's head as it was read then) and came before anybody asked to let the client in again.
    """

    cursor: int
    live_behind: int = NOTHING_IS_LIVE  # the head when it was subscribed to; the rest is replayed
    barred_behind: int | None = None  # the head after the right was taken away
    is_open: bool = True  # as far as the client has been told
    awaited: str = ""  # the `subscribe` not yet answered: what comes belongs to the one before
    missing: set[int] = field(default_factory=set)
    twice: int = 0
    out_of_order: int = 0
    leaked: int = 0

    def take(self, seq: int) -> None:
        if self.barred_behind is not None and seq > self.barred_behind:
            self.leaked += 1
        if self.awaited:
            return
        if seq == self.cursor + 1:
            self.cursor = seq
        elif seq > self.cursor:
            self.out_of_order += 1
            self.missing.update(range(self.cursor + 1, seq))
            self.cursor = seq
        elif seq in self.missing:
            self.missing.discard(seq)
        else:
            self.twice += 1

    def bar(self, head: int) -> bool:
        """Bar the client from the topic; False when it was barred already."""
        if self.barred_behind is not None:
            return False
        self.barred_behind = head
        return True

    def lost(self, head: int) -> int:
        """How many events the client should have got and has not; a lost right owes nothing."""
        owed = 0 if self.barred_behind is not None else max(0, head - self.cursor)
        return len(self.missing) + owed


@dataclass
class Record:
    """What is seen from outside: answers to posts, and events that came to any client."""

    acknowledged: dict[int, str] = field(default_factory=dict)  # the topic of each post
    events: dict[str, dict[int, bytes]] = field(default_factory=dict)
    posts: Counter[int] = field(default_factory=Counter)  # events that each post was made by
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    deliveries: int = 0
    differing: int = 0  # another event under a number that somebody else has, too
    resets: int = 0

    def note(self, event: Message, received: float, *, is_live: bool) -> None:
        self.deliveries += 1
        if is_live and event.at:
            latency = received - event.at.timestamp()
            self.latencies.append(latency if latency > -AHEAD_S / 2 else latency + AHEAD_S)
        data = bytes(event.data)
        known = self.events.setdefault(event.topic, {}).setdefault(event.seq, data)
        if known is not data:
            self.differing += known != data
        elif event.kind == "post.created":
            self.posts[msgspec.json.decode(data)["id"]] += 1
