"""What the model tells whoever measures it. Nothing is decided by it."""

from collections.abc import Iterable
from datetime import datetime


class Figures:
    """Is told what happens, and forgets it; whoever measures overrides what it wants to know.

    All seconds are durations. It is called on the event loop, so it does little.
    """

    def waited(self, what: str, seconds: float) -> None:
        """A unit of work had a `connection` that was not free, its `turn`, or its `commit`."""

    def committed(self, seconds: float) -> None:
        """A COMMIT is over, and took so long."""

    def shared(self, units: int) -> None:
        """So many units of work have shared a COMMIT."""

    def wrote(self, seconds: float, kinds: Iterable[str]) -> None:
        """A unit of work has changed something; its events are of these kinds."""

    def looked(self, seconds: float) -> None:
        """A look at the log has succeeded."""

    def arrived(self, at: datetime) -> None:
        """An event that was recorded at that moment has come to this worker."""

    def backed_up(self, at: datetime | None) -> None:
        """The newest backup is of that moment; None when there is none."""

    def hashed(self, seconds: float) -> None:
        """A password was hashed, or compared with a hash; it may have had to wait for that."""
