"""The whole run: servers, rounds, and the table."""

import asyncio
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import uvloop
from sqlalchemy.engine import make_url

from tests.bench.fan_out import FanOut
from tests.bench.measures import CommitToSocket, Memory, Requests
from tests.bench.restart import Restart
from tests.bench.stage import ask_database, running, seed, servers
from tests.bench.stalled import StalledReader
from tests.bench.table import Results

MEASURES = (Memory, Requests, CommitToSocket, FanOut, StalledReader, Restart)


@dataclass(frozen=True)
class Options:
    """`database_url` is an empty database; without one SQLite is used."""

    seconds: float = 2.5
    rounds: int = 3
    workers: int = 3
    database_url: str | None = None


def bench(options: Options) -> str:
    """The table; raises `Failed` where anything was lost, doubled, disordered or refused."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure_all(options))


async def measure_all(options: Options) -> str:
    results = Results(await describe(options.database_url), options.workers, options.seconds)
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        homeroom, floor = servers(Path(folder), options.workers, options.database_url)
        async with running(homeroom):
            board = await seed(homeroom)
        for turn in range(1, options.rounds + 1):
            sys.stderr.write(f"round {turn} of {options.rounds}\n")
            started = time.perf_counter()
            async with running(homeroom):
                results.add("start_up", time.perf_counter() - started)
                async with running(floor):
                    for measure in MEASURES:
                        await measure(results, homeroom, floor, board, options.seconds).run()
    return results.table()


async def describe(database_url: str | None) -> str:
    if database_url is None or make_url(database_url).get_backend_name() == "sqlite":
        return f"SQLite {sqlite3.sqlite_version}, every commit on disk"
    return f"PostgreSQL {await ask_database(database_url, 'SHOW server_version')}"
