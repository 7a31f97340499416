"""Who is told what happens in a worker, so that it can be shown at /metrics."""

from dataclasses import dataclass

from model.figures import Figures


@dataclass(frozen=True)
class State:
    """How a worker is just now; `late_s` is by how much its event loop was late for this."""

    late_s: float
    look_age_s: float
    followed_topics: int
    ring_chars: int
    waiting_hashes: int
    memory_bytes: int | None
    hears_machines: bool


class Meter(Figures):
    """Measures nothing: so it is where no HOMEROOM_METRICS_TOKEN is set."""

    is_measuring = False

    def begin(self, worker: int) -> None:
        """Measure as a worker from now on, after the fork."""

    def end(self) -> None:
        """Keep what this worker has measured, since it stops."""

    def serving(self, workers: int) -> None:
        """So many workers serve now."""

    def ended(self, worker: int) -> None:
        """A worker has ended, and will be replaced."""

    def saw(self, state: State) -> None:
        """The state of this worker was looked at, which happens every second."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its rule, or "-" where there is none."""

    def connected(self) -> None:
        """A live connection has come."""

    def left(self, code: int | None) -> None:
        """A live connection is gone: it was closed with this code, or without one by the client."""

    def delivered(self, events: int) -> None:
        """Events were sent to one live connection."""

    def replayed(self, events: int) -> None:
        """Events were read from the log for one live connection, which was behind."""

    def reset(self, reason: str) -> None:
        """A live connection was told to fetch a list anew, since the events cannot be given."""

    def uploaded(self, size_bytes: int) -> None:
        """A file has come in."""

    def shown(self, accept: str) -> tuple[bytes, str]:
        """The figures of all workers of this machine, in one of the formats that are accepted.

        With its media type. It takes some time: call it in a thread.
        """
        del accept
        return b"", "text/plain"
