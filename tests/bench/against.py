"""The same loads on this code and on other code, in turns: what a change gives by itself.

Both servers run all the time, each on data of its own. The noise of the machine meets both alike.
"""

import asyncio
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import uvloop

from tests.bench.fan_out import SUBSCRIBERS, FanOut
from tests.bench.measures import Requests
from tests.bench.run import Options
from tests.bench.stage import ROOT, running, seed, servers
from tests.bench.table import Results, aligned, cell, figure

COMPARED = {
    "health": "GET /health",
    "read": "read one post",
    "list": "list 20 posts",
    "channels": "list the channels of a group",
    "write": "write one post with its event",
    "commits": "commit 20 events, for 100 subscribers",
}


@dataclass(frozen=True)
class Side:
    results: Results
    requests: Requests
    fan_out: FanOut

    async def load(self, row: str) -> None:
        if row == "commits":
            await self.fan_out.commits(row, SUBSCRIBERS)
        else:
            loads = self.requests.board.loads()
            await self.requests.load(row, self.requests.homeroom, loads[row])


@contextmanager
def checkout(name: str) -> Iterator[Path]:
    """A folder with code, or a commit of this repository, which is unpacked for a while."""
    if Path(name).is_dir():
        yield Path(name).resolve()
        return
    packed = subprocess.run(
        ["git", "archive", "--format=tar", name], cwd=ROOT, capture_output=True, check=True
    )
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


def compare(options: Options, code: Path, database_url: str | None) -> str:
    """The table; `code` has another empty database than that of the options, or SQLite, too."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure_both(options, replace(options, database_url=database_url), code))


async def measure_both(mine: Options, its: Options, code: Path) -> str:
    async with side(ROOT, mine) as ours, side(code, its) as others:
        for turn in range(1, mine.rounds + 1):
            sys.stderr.write(f"round {turn} of {mine.rounds}\n")
            for row in COMPARED:
                for each in (ours, others) if turn % 2 else (others, ours):
                    await each.load(row)
    return table(ours.results, others.results)


@asynccontextmanager
async def side(code: Path, options: Options) -> AsyncIterator[Side]:
    workers, seconds = options.workers, options.seconds
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        homeroom, floor = servers(Path(folder), workers, options.database_url, code)
        async with running(homeroom):
            results = Results("", workers, seconds)
            given = (results, homeroom, floor, await seed(homeroom), seconds)
            yield Side(results, Requests(*given), FanOut(*given))


def table(ours: Results, others: Results) -> str:
    """Ratios of this code to the other: below 1 it takes less processor time, or less long."""
    grid = [("this code, the other, and their ratio", "CPU µs", "CPU µs", "CPU", "rate", "p99")]
    for row, title in COMPARED.items():
        rates = median(ours.values[row]) / median(others.values[row])
        spent = [[each.p99 for each in side.latencies[row]] for side in (ours, others)]
        cpu = [side.cpu_us[row] for side in (ours, others)]
        p99 = figure(median(spent[0]) / median(spent[1])) if all(spent) else ""
        ratio = figure(median(cpu[0]) / median(cpu[1]))
        grid.append((title, cell(cpu[0]), cell(cpu[1]), ratio, figure(rates), p99))
    return aligned(grid) + "\n"
