"""What the feed and its readers say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from model.live.ephemeral import SignalKey
from model.log.position import Position
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


def reset_of(
    position: Position, after: int | None, epoch: str | None, *, most: int
) -> Reset | None:
    """Why the events behind a number cannot be given, or `most` of them, if so."""
    if after is None:
        return None
    if after > position.seq or (epoch or position.epoch) != position.epoch:
        return Reset(position.seq, "epoch")
    if after < position.floor:
        return Reset(position.seq, "retention")
    if position.seq - after > most:
        return Reset(position.seq, "limit")
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
