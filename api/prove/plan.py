"""What a proof is made of, and the moments at which something happens: the same for a seed."""

import heapq
import random
from asyncio import Event
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.settings import ROOT

SHARED = ("events", "cuts", "kills", "restarts", "crashes", "silences", "removals")
MAIN = str(ROOT / "main.py")
START = "start"
AHEAD_S = 59  # the clocks of all nodes but the first


class Unfinished(Exception):
    """The run could not go on, so nothing is proved; the message says why."""


@dataclass(frozen=True)
class Options:
    """The numbers of a run. `cuts` are for each client, `workers` for each node.

    Without `database_url` SQLite is used. `update_from` is a checkout of an older release.
    `redis` is a URL, or `start`: then there is one for the proof, which is killed in the middle.
    """

    clients: int
    writers: int
    events: int
    cuts: int
    kills: int
    restarts: int
    removals: int
    workers: int
    nodes: int
    crashes: int
    silences: int
    silent_for_s: float
    seed: int
    database_url: str | None = None
    redis: str | None = None
    update_from: Path | None = None
    backup: bool = False
    program: Sequence[str] = (MAIN,)

    def halves(self) -> tuple["Options", "Options"]:
        """The same trouble in two parts; the nodes are updated in the first."""
        second = {name: getattr(self, name) // 2 for name in SHARED}
        first = {name: getattr(self, name) - count for name, count in second.items()}
        later = replace(self, **second, seed=self.seed + 1, update_from=None)
        return replace(self, **first), later

    @property
    def first_program(self) -> Sequence[str]:
        """What the nodes run at first; during an update they change to `program`."""
        return [str(self.update_from / "main.py")] if self.update_from else self.program

    def random(self, *what: object) -> random.Random:
        """A generator for one purpose, from the seed: tasks do not disturb each other's draws."""
        return random.Random(f"{self.seed} {what}")  # noqa: S311 - a plan, no secret

    def moments(self, count: int, *what: object) -> list[int]:
        """The numbers of events at which something happens, in order, and away from both ends."""
        first, last = self.events // 20, self.events - self.events // 20
        draw = self.random(*what)
        return sorted(draw.randint(first, last) for _ in range(count))


@dataclass
class Progress:
    """How many of the writers' posts were answered; others wait for that to reach a number."""

    events: int
    told: Callable[[], None]
    answered: int = 0
    _waiting: list[tuple[int, int, Event]] = field(default_factory=list)

    def advance(self) -> None:
        self.answered += 1
        self.told()
        while self._waiting and self._waiting[0][0] <= self.answered:
            heapq.heappop(self._waiting)[2].set()

    async def reach(self, count: int) -> None:
        if self.answered < min(count, self.events):
            reached = Event()
            heapq.heappush(self._waiting, (min(count, self.events), id(reached), reached))
            await reached.wait()
