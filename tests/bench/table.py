"""The one table: what was measured, how even it was, and how it stands to its floor."""

import os
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.load import Latency

PROMISED_P95_MS = 20
QUIET = 0.1  # cores that others may use before the table says so


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    floor: str = ""  # the row that it is compared with


ROWS = (
    Row("quart", "floor: a JSON route of plain Quart, requests/s"),
    Row("read", "  read one post, requests/s", "quart"),
    Row("list", "  list 20 posts, requests/s", "quart"),
    Row("write", "  write one post with its event, requests/s", "quart"),
    Row("bare", "floor: 100 bare sockets, the same frames, events/s"),
    Row("live", "  8 writers, 100 subscribers, events received/s", "bare"),
    Row("bare_socket", "floor: memory of a bare idle socket, kB"),
    Row("socket", "  memory of an idle live connection, kB", "bare_socket"),
    Row("start_up", "start-up until all workers are ready, s"),
)
SPANS = (
    Row("answered", "from the answer (201) to a post, ms"),
    Row("sent", "  from when the post was sent, ms"),
)


class Noise:
    """How much of the machine others took since it was made, in cores."""

    def __init__(self) -> None:
        self.began, (self.busy_s, self.own_s) = time.monotonic(), _cpu_s()

    def spent_s(self) -> float:
        return time.monotonic() - self.began

    def cores(self) -> float:
        """Own processes count once they have ended."""
        busy_s, own_s = _cpu_s()
        return max(0.0, busy_s - self.busy_s - (own_s - self.own_s)) / self.spent_s()


def _cpu_s() -> tuple[float, float]:
    """Seconds that all processors were busy since boot, and those of this process and its own."""
    fields = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    user, nice, system, _idle, _waiting, irq, softirq, stolen = map(int, fields)
    ticks = user + nice + system + irq + softirq + stolen
    return ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


@dataclass
class Results:
    """One value a round for each row; for some also latencies, and processor time for each."""

    database: str
    workers: int
    seconds: float
    noise: Noise = field(default_factory=Noise)
    values: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    latencies: defaultdict[str, list[Latency]] = field(default_factory=lambda: defaultdict(list))

    cpu_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        row: str,
        value: float | None,
        spent: Latency | None = None,
        cpu_ms: float | None = None,
    ) -> None:
        if value is not None:
            self.values[row].append(value)
        if spent is not None:
            self.latencies[row].append(spent)
        if cpu_ms is not None:
            self.cpu_ms[row].append(cpu_ms)

    def table(self) -> str:
        """Once all servers have stopped: only then their processor time is known to be ours."""
        head = ("median (min-max) of the rounds", "", "p99 ms", "of the floor", "server's CPU ms")
        grid: list[tuple[str, ...]] = [head]
        for row in ROWS:
            values, p99 = self.values[row.key], [each.p99 for each in self.latencies[row.key]]
            ratio = median(values) / median(self.values[row.floor]) if row.floor else None
            of_floor = _figure(ratio) if ratio else ""
            grid.append(
                (row.title, _cell(values), _cell(p99), of_floor, _cell(self.cpu_ms[row.key]))
            )
        spans = [(f"until a socket {self._where()} has the event", "p50", "p95", "p99")]
        for row in SPANS:
            spent = self.latencies[row.key]
            p50, p95 = [each.p50 for each in spent], [each.p95 for each in spent]
            spans.append((row.title, _cell(p50), _cell(p95), _cell([each.p99 for each in spent])))
        return "\n".join(
            [self._conditions(), "", *_aligned(grid), "", *_aligned(spans), "", self._promise(), ""]
        )

    def _where(self) -> str:
        return "at another worker" if self.workers > 1 else "at the only worker"

    def _conditions(self) -> str:
        others, rounds = self.noise.cores(), len(self.values["start_up"])
        return (
            f"{rounds} rounds of {self.seconds:g} s, {self.workers} workers, {self.database},"
            f" Python {platform.python_version()}, {self.noise.spent_s():.0f} s in all\n"
            f"Of {os.cpu_count()} cores others used {others:.2f}"
            + (": a noisy run" if others > QUIET else "")
            + ("; PostgreSQL counts as one of them" if "PostgreSQL" in self.database else "")
        )

    def _promise(self) -> str:
        p95 = median(each.p95 for each in self.latencies["answered"])
        kept = "kept" if p95 < PROMISED_P95_MS else "NOT KEPT"
        return (
            f"Promise: 50 posts/s reach 50 sockets {self._where()} within {PROMISED_P95_MS} ms of"
            f" the answer (p95): {kept}.\nBelow 0 the event came before the answer."
        )


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ruled = [lines[0], ["-" * width for width in widths], *lines[1:]]
    return [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in ruled
    ]


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    spread = f" ({_figure(min(values))}-{_figure(max(values))})" if len(values) > 1 else ""
    return _figure(median(values)) + spread


def _figure(value: float) -> str:
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
