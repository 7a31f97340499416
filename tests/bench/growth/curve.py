"""Cost as something grows: what was measured, and whether its shape is what it must be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.bench.table import aligned, figure

MOST_GROWN = {"flat": 1.5, "linear": 2}  # times; less is noise
UNNOTICED = 0.25  # of the first cost: what comes on top is not seen before it is as much


class Shape(StrEnum):
    FLAT = "flat"
    LINEAR = "linear"


@dataclass(frozen=True)
class Curve:
    """`points` are microseconds of processor time for each size, in order."""

    what: str
    must_be: Shape
    points: dict[int, float] = field(default_factory=dict)

    @property
    def growth(self) -> float:
        """How many times too much the last cost is: of what is flat, compared with the first.

        Of a line, what comes on top of the first cost is compared with what came on top of it one
        point before; it may be as many times more as the size is.
        """
        sizes, costs = list(self.points), list(self.points.values())
        if self.must_be is Shape.FLAT:
            return costs[-1] / costs[0]
        before = max(costs[-2] - costs[0], UNNOTICED * costs[0]) / (sizes[-2] - sizes[0])
        return max(0.0, costs[-1] - costs[0]) / (sizes[-1] - sizes[0]) / before

    @property
    def is_as_it_must_be(self) -> bool:
        return self.growth <= MOST_GROWN[self.must_be]


@dataclass(frozen=True)
class Growth:
    """All that was measured while one thing grew."""

    of: str
    curves: Sequence[Curve]

    def table(self) -> str:
        sizes = list(self.curves[0].points)
        head = (f"{self.of}, µs", *(f"{size:,}" for size in sizes), "must be", "times", "")
        return aligned([head, *(self._line(curve, sizes) for curve in self.curves)])

    def _line(self, curve: Curve, sizes: Sequence[int]) -> tuple[str, ...]:
        costs = [figure(curve.points[size]) for size in sizes]
        verdict = "" if curve.is_as_it_must_be else f"NOT {curve.must_be.upper()}"
        return (curve.what, *costs, curve.must_be, figure(curve.growth), verdict)
