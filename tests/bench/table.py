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

QUIET = 0.1  # cores that others may use before the table says so


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    floor: str = ""  # the row that it is compared with


ROWS = (
    Row("quart", "floor: a JSON route of plain Quart, requests/s"),
    Row("health", "  GET /health, requests/s", "quart"),
    Row("read", "  read one post, requests/s", "quart"),
    Row("list", "  list 20 posts, requests/s", "quart"),
    Row("channels", "  list the channels of a group, requests/s", "quart"),
    Row("write", "  write one post with its event, requests/s", "quart"),
    Row("bare", "floor: 100 bare sockets, the same frames, frames/s"),
    Row("frames", "  20 events a commit, 100 subscribers, frames/s", "bare"),
    Row("delivered", "  the same, events received/s"),
    Row("commits", "  the same, commits/s"),
    Row("few_commits", "  one subscriber a worker, commits/s"),
    Row("idle", "memory (PSS) of all processes, idle, MB"),
    Row("bare_socket", "floor: memory of a bare idle socket, kB"),
    Row("socket", "  memory of an idle live connection, kB", "bare_socket"),
    Row("published", "floor: publishing 2,000 events of 4 KiB, p99 ms"),
    Row("published_past", "  while two readers are stalled, p99 ms", "published"),
    Row("stalled", "  how much memory all workers take for that, MB"),
    Row("start_up", "start-up until all workers are ready, s"),
    Row("down", "restart under 500 sockets until it serves, s"),
    Row("back", "  until all are back and have caught up, s"),
    Row("waited", "  longest wait of another request meanwhile, ms"),
)
SPANS = (
    Row("answered", "from the answer (201) to a post, ms"),
    Row("sent", "  from when the post was sent, ms"),
    Row("answered_at_play", "from the answer, while 30 play and show where 20 times a second, ms"),
    Row("sent_at_play", "  from when the post was sent, ms"),
)


@dataclass(frozen=True)
class Promise:
    title: str
    row: str
    limit: float
    of_floor: str = ""  # the row whose ratio to the other is meant
    of_p99: bool = False
    at_least: bool = False


PROMISES = (
    Promise("events received/s, at least", "delivered", 60_000, at_least=True),
    Promise("of the frames of bare sockets, at least", "frames", 0.8, "bare", at_least=True),
    Promise("p99 of writes by 32 at once, ms, at most", "write", 120, of_p99=True),
    Promise("  of the slowest worker, times that of the quickest, at most", "unfair", 2),
    Promise("memory (PSS) of all processes, idle, MB, below", "idle", 110),
    Promise("start-up until all workers are ready, s, within", "start_up", 1.2),
    Promise("memory of an idle live connection, kB, at most", "socket", 60),
    Promise("memory while readers are stalled, MB, below", "stalled", 32),
    Promise("p99 of publishers then, times, below", "published_past", 2, "published"),
    Promise("all back after a restart, s, within", "back", 10),
    Promise("longest wait of others then, ms, at most", "waited", 250),
)
PROMISED_P95_MS = 20


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

    cpu_us: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self,
        row: str,
        value: float | None,
        spent: Latency | None = None,
        cpu_us: float | None = None,
    ) -> None:
        if value is not None:
            self.values[row].append(value)
        if spent is not None:
            self.latencies[row].append(spent)
        if cpu_us is not None:
            self.cpu_us[row].append(cpu_us)

    def table(self) -> str:
        """Once all servers have stopped: only then their processor time is known to be ours."""
        head = ("median (min-max) of the rounds", "", "p99 ms", "of the floor", "CPU each, µs")
        grid: list[tuple[str, ...]] = [head]
        for row in ROWS:
            values, p99 = self.values[row.key], [each.p99 for each in self.latencies[row.key]]
            ratio = median(values) / median(self.values[row.floor]) if row.floor else None
            of_floor = figure(ratio) if ratio else ""
            cpu_us = cell(self.cpu_us[row.key])
            grid.append((row.title, cell(values), cell(p99), of_floor, cpu_us))
        spans = self._spans(f"until a socket {self._where()} has the event", SPANS)
        writes = self._spans("32 write at once, ms", self._workers())
        tables = [aligned(lines) for lines in (grid, spans, writes, self._promises())]
        return "\n\n".join([self._conditions(), *tables, self._why(), ""])

    def _spans(self, title: str, rows: Sequence[Row]) -> list[tuple[str, ...]]:
        spans: list[tuple[str, ...]] = [(title, "p50", "p95", "p99")]
        for row in rows:
            spent = self.latencies[row.key]
            p50, p95 = [each.p50 for each in spent], [each.p95 for each in spent]
            spans.append((row.title, cell(p50), cell(p95), cell([each.p99 for each in spent])))
        return spans

    def _workers(self) -> list[Row]:
        """Each round ranks them anew, by their p99."""
        ranks = range(1, self.workers + 1)
        return [Row(f"writes_{rank}", f"  worker {rank}, from the quickest on") for rank in ranks]

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

    def _promises(self) -> list[tuple[str, ...]]:
        p95 = median(each.p95 for each in self.latencies["answered"])
        grid: list[tuple[str, ...]] = [
            ("promised", "", "measured", ""),
            (
                f"50 posts/s to 50 sockets {self._where()}, p95 ms behind the answer, below",
                figure(PROMISED_P95_MS),
                figure(p95),
                "kept" if p95 < PROMISED_P95_MS else "NOT KEPT",
            ),
        ]
        for promise in PROMISES:
            p99 = [each.p99 for each in self.latencies[promise.row]]
            measured = median(p99 if promise.of_p99 else self.values[promise.row])
            if promise.of_floor:
                measured /= median(self.values[promise.of_floor])
            enough = measured >= promise.limit if promise.at_least else measured <= promise.limit
            kept = "kept" if enough else "NOT KEPT"
            grid.append((promise.title, figure(promise.limit), figure(measured), kept))
        return grid

    def _why(self) -> str:
        """What the frames/s of subscribers are made of."""
        whole, alone = median(self.cpu_us["commits"]), median(self.cpu_us["few_commits"])
        frames = median(self.values["frames"]) / median(self.values["commits"])
        bare = median(self.cpu_us["bare"])
        return (
            f"A commit of 20 events costs {figure(whole)} µs of CPU: {figure(alone)} to make it"
            f" and look at it in {self.workers} workers,\nthe rest for {frames:.0f} frames;"
            f" as many bare ones cost {figure(frames * bare)} µs."
        )


def aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    ruled = [lines[0], ["-" * width for width in widths], *lines[1:]]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in ruled
    )


def cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    spread = f" ({figure(min(values))}-{figure(max(values))})" if len(values) > 1 else ""
    return figure(median(values)) + spread


def figure(value: float) -> str:
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
