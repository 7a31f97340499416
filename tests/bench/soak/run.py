"""The soak itself: a minute after another, and whether the server stays as it is."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from tests.bench.load import Failed, latency
from tests.bench.soak.everyday import School, everyday, found
from tests.bench.soak.troublemaker import NAME, trouble
from tests.bench.stage import cpu_s, running
from tests.support.server import Server

LOOK_EVERY_S, MINUTE_S = 2.0, 60.0
MEMORY_TIMES, P99_MS = 1.10, 250.0
MB = 1e6


@dataclass(frozen=True)
class Minute:
    bytes: float  # memory of the workers, on average
    waits_s: Sequence[float]  # for `GET /api/me`
    answers: int
    cpu_s: float

    def line(self, number: int) -> str:
        spent, used = latency(self.waits_s), self.cpu_s / MINUTE_S
        memory = self.bytes / MB
        return (
            f"{number:6}{memory:9.1f}{spent.p50:9.1f}{spent.p99:9.1f}{self.answers:9,}{used:12.2f}"
        )


async def soak(server: Server, minutes: int, *, troubled: bool) -> bool:
    """Whether the server keeps what is promised. Prints a line a minute, and what was answered."""
    async with running(server):
        school = await asyncio.to_thread(found, server, [NAME])
        acting = [*everyday(school), *(trouble(school) if troubled else ())]
        tasks = [asyncio.create_task(each) for each in acting]
        say(f"{'minute':>6}{'MB':>9}{'p50 ms':>9}{'p99 ms':>9}{'answers':>9}{'processors':>12}")
        seen = list[Minute]()
        for number in range(1, minutes + 1):
            seen.append(await minute(server, school))
            say(seen[-1].line(number))
            if ended := [task for task in tasks if task.done()]:
                raise Failed("somebody has given up") from ended[0].exception()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return is_kept(seen, school)


async def minute(server: Server, school: School) -> Minute:
    answers, before_s, sizes = school.answers.total(), cpu_s(server), list[int]()
    school.me_s.clear()
    end = time.monotonic() + MINUTE_S
    while time.monotonic() < end:
        await asyncio.sleep(LOOK_EVERY_S)
        sizes.append(memory(server))
    answered = school.answers.total() - answers
    return Minute(fmean(sizes), [*school.me_s], answered, cpu_s(server) - before_s)


def memory(server: Server) -> int:
    """Bytes of all worker processes; a page that two share counts half for each."""
    files = [Path(f"/proc/{pid}/smaps_rollup") for pid in server.worker_pids()]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def is_kept(seen: Sequence[Minute], school: School) -> bool:
    grown = max(each.bytes for each in seen[1:]) / seen[1].bytes
    p99 = latency([wait for each in seen for wait in each.waits_s]).p99
    bugs = sum(number for name, number in school.answers.items() if name.endswith(" 500"))
    for name, number in sorted(school.answers.items()):
        say(f"  {name}: {number:,}")
    say(f"memory at most {grown:.2f} times that of minute 2, p99 {p99:.0f} ms, {bugs} times 500")
    return grown <= MEMORY_TIMES and p99 < P99_MS and not bugs


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
