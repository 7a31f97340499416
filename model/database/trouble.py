"""A database that is away for a while: the log is told when that begins and when it is over."""

import logging
import time

from model.database.failure import reason
from model.errors import TryAgain

log = logging.getLogger(__name__)


class Away:
    """What one reader finds, again and again. Only the first failure of a row of them is told."""

    def __init__(self) -> None:
        self._since: float | None = None

    def note(self, error: Exception) -> None:
        """A look has failed. What is no failure of the database is told with its traceback."""
        if self._since is not None:
            return
        self._since = time.monotonic()
        if isinstance(error, TryAgain):
            log.error("the database does not answer, and is asked on: %s", reason(error))
        else:
            log.error("a look at the log failed; the next one repeats it", exc_info=error)

    def is_over(self) -> None:
        """A look has succeeded."""
        if self._since is not None:
            log.warning("the database answers again, after %.1f s", time.monotonic() - self._since)
            self._since = None
