"""What the feed and its readers say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from model.database.table import now
from model.live.ephemeral import SignalKey
from model.log.cursor import TopicHead
from model.user import PersonView


@dataclass(frozen=True)
class FeedLimits:
    ring_events: int = 1000
    ring_chars: int = 4 * 2**20
    worker_chars: int = 64 * 2**20
    replay_events: int = 2000
    watch_every_s: float = 1


@dataclass(eq=False, slots=True)
class Subscription:
    """A topic that a reader follows.

    `cursor` is the number of the last event that was sent, `presence` the last version of who is
    there. Until `silent_until` its reader may not signal.
    """

    topic: str
    cursor: int
    presence: int = 0
    silent_until: datetime | None = None

    @property
    def is_silent(self) -> bool:
        return self.silent_until is not None and self.silent_until > now()


@dataclass(frozen=True)
class Joined:
    """The topic is followed now; `seq` is its last number."""

    seq: int


@dataclass(frozen=True)
class Reset:
    """The answer that the list has to be fetched again, and followed from its new cursors."""

    seq: int
    reason: Literal["epoch", "retention", "limit"]


def reset_of(head: TopicHead, after: int | None, epoch: str | None, *, most: int) -> Reset | None:
    """The reason why the events after a number cannot be given; None when they can.

    There may be at most `most` of them.
    """
    if after is None:
        return None
    if after > head.seq or (epoch or head.epoch) != head.epoch:
        return Reset(head.seq, "epoch")
    if after < head.floor:
        return Reset(head.seq, "retention")
    if head.seq - after > most:
        return Reset(head.seq, "limit")
    return None


class Reader(Protocol):
    """What the feed needs to know of a live connection."""

    user_id: int
    person: PersonView
    is_shown: bool  # to others, as present
    session_id: int
    subscriptions: dict[str, Subscription]

    def wake(self, topic: str | None = None) -> None:
        """There is something new for it, of a topic that it follows or of none."""

    def advanced(self, topic: str) -> None:
        """There are new events of a topic that it follows."""

    def signalled(self, signals: Mapping[SignalKey, str]) -> None:
        """Others show these signals just now, encoded; the reader need not take them."""

    def revoked(self, topic: str, reason: str) -> None:
        """The reader may no longer read the topic, and is unsubscribed already."""

    def signed_out(self) -> None:
        """The session of the reader is over."""

    def stop(self, among: int) -> None:
        """The reader has to come back, at a time that is spread for `among` readers."""
