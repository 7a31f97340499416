"""What the feed and its readers say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from model.live.ephemeral import SignalKey
from model.log.cursor import TopicHead
from model.user import PersonView


@dataclass(frozen=True)
class FeedLimits:
    ring_events: int = 1000
    ring_chars: int = 4 * 2**20
    worker_chars: int = 64 * 2**20
    replay_events: int = 2000


@dataclass(eq=False, slots=True)
class Subscription:
    """`cursor` is the number of the last event that was sent, `presence` the last version."""

    topic: str
    cursor: int
    presence: int = 0


@dataclass(frozen=True)
class Joined:
    seq: int


@dataclass(frozen=True)
class Reset:
    """Fetch the list again, and follow from where it stands."""

    seq: int
    reason: Literal["epoch", "retention", "limit"]


def reset_of(head: TopicHead, after: int | None, epoch: str | None, *, most: int) -> Reset | None:
    """Why the events behind a number cannot be given, or `most` of them, if so."""
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
    """A live connection, as the feed sees it."""

    user_id: int
    person: PersonView
    session_id: int
    subscriptions: dict[str, Subscription]

    def wake(self) -> None:
        """There is something new for it."""

    def signalled(self, signals: Mapping[SignalKey, str]) -> None:
        """What others show just now, encoded; it need not take it."""

    def revoked(self, topic: str, reason: str) -> None:
        """It may no longer read the topic and is no longer subscribed."""

    def signed_out(self) -> None:
        """Its session is over."""

    def stop(self, among: int) -> None:
        """It has to come back; `among` so many readers the time to do so is spread."""
