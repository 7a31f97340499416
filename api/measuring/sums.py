"""Values for prometheus_client that are added up in plain Python, and written now and then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol


class Kept(Protocol):
    """A value of prometheus_client: to write one takes a lock, and some microseconds."""

    def get(self) -> float: ...
    def set(self, value: float) -> None: ...


class Sum:
    """Only one thread changes it; any may write it, as it is then and not what was added."""

    __slots__ = ("_kept", "_written", "now")

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.read()

    def inc(self, amount: float) -> None:
        self.now += amount

    def set(self, value: float) -> None:
        self.now = value

    def get(self) -> float:
        return self.now

    def get_exemplar(self) -> None:
        """There is none: prometheus_client asks for it."""

    def read(self) -> None:
        self.now = self._written = self._kept.get()

    def write(self) -> None:
        now = self.now
        if now != self._written:
            self._kept.set(now)
            self._written = now


@dataclass
class Sums:
    """All that a process adds up. It makes what prometheus_client takes for its values."""

    kind: Callable[..., Kept]
    _all: list[Sum] = field(default_factory=list)
    _writing: Lock = field(default_factory=Lock)

    def __call__(self, *named: object, **how: object) -> Sum:
        made = Sum(self.kind(*named, **how))
        self._all.append(made)
        return made

    def read(self) -> None:
        """Go on from what is written for this process."""
        for each in self._all:
            each.read()

    def write(self) -> None:
        with self._writing:
            for each in list(self._all):
                each.write()
