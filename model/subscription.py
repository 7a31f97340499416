"""What the feed and its readers say to each other."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class FeedLimits:
    ring_events: int = 1000
    ring_chars: int = 4 * 2**20
    worker_chars: int = 64 * 2**20
    replay_events: int = 2000


@dataclass(eq=False)
class Subscription:
    """`cursor` is the number of the last event that was sent."""

    topic: str
    cursor: int


@dataclass(frozen=True)
class Joined:
    seq: int


@dataclass(frozen=True)
class Reset:
    """Fetch the list again, and follow from where it stands."""

    seq: int
    reason: Literal["epoch", "retention", "limit"]


class Reader(Protocol):
    """A socket, as the feed sees it."""

    user_id: int
    session_id: int
    subscriptions: dict[str, Subscription]

    def wake(self) -> None:
        """There is something new for it."""

    def revoked(self, topic: str, reason: str) -> None:
        """It may no longer read the topic and is no longer subscribed."""

    def signed_out(self) -> None:
        """Its session is over."""
