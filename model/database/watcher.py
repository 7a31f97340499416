"""Whoever wants to know how long statements take. The log is told of the slow ones, by name."""

import logging
import math

from model.database.statement import Prepared
from model.figures import Figures

log = logging.getLogger(__name__)


COMMIT = "COMMIT"


class Watcher:
    """Hears of each statement and each wait, in the task of whoever had to wait for it."""

    def __init__(self, slow_after_s: float = math.inf) -> None:
        self._slow_after_s = slow_after_s
        self.figures = Figures()

    def ran(self, statement: Prepared | str, seconds: float) -> None:
        """A statement is over, or has failed; a BEGIN or COMMIT is given as these words."""
        if seconds > self._slow_after_s:
            log.warning("a statement took %.0f ms: %s", seconds * 1e3, name_of(statement))
        if statement == COMMIT:
            self.figures.committed(seconds)

    def waited(self, what: str, seconds: float) -> None:
        """A unit of work had its `turn` to write, or its `commit` with others, after so long.

        Or a `connection`, if none was free.
        """
        self.figures.waited(what, seconds)


def name_of(statement: Prepared | str) -> str:
    return statement if isinstance(statement, str) else statement.name


NOBODY = Watcher()
