"""`python -m tests.bench.nodes`: what a second machine gives, and what Redis does between the two.

Both nodes, PostgreSQL, Redis and those who ask share this machine: so two nodes are no faster than
one here unless processors were idle. What a request costs is the same on any machine.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec
import uvloop

from tests.bench.load import Connection, Latency, hammer, latency
from tests.bench.measures import Written, times_of
from tests.bench.stage import Board, connect, cpu_s, new_database, running, seed, servers
from tests.bench.subscriber import Subscriber, receive_all
from tests.bench.table import aligned, cell, figure
from tests.support.redis import running_redis
from tests.support.server import Server

LISTENERS, POSTS_PER_S, CONNECTIONS = 20, 25, 32
LOADS = {"read": "read one post", "list": "list 20 posts", "write": "write one post with its event"}


@dataclass
class Results:
    """One value a round, by what was asked and of how many nodes, or where it was heard."""

    heard: defaultdict[str, list[Latency]] = field(default_factory=lambda: defaultdict(list))
    rates: defaultdict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    cpu_us: defaultdict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def table(self) -> str:
        spans: list[tuple[str, ...]] = [("from a post's answer to a socket, ms", "p50", "p95")]
        for where, spent in self.heard.items():
            p50, p95 = [each.p50 for each in spent], [each.p95 for each in spent]
            spans.append((where, cell(p50), cell(p95)))
        grid: list[tuple[str, ...]] = [
            ("each, with 32 at once", "nodes", "per s", "of one", "CPU µs", "of one")
        ]
        for load, title in LOADS.items():
            for nodes, rates in ((key[1], of) for key, of in self.rates.items() if key[0] == load):
                spent_us, first = self.cpu_us[load, nodes], (load, "one")
                of_one = median(rates) / median(self.rates[first])
                cpu_of_one = median(spent_us) / median(self.cpu_us[first])
                figures = (cell(rates), figure(of_one), cell(spent_us), figure(cpu_of_one))
                grid.append((title, nodes, *figures))
        return "\n\n".join([aligned(spans), aligned(grid), ""])


@dataclass(frozen=True)
class Bench:
    nodes: Sequence[Server]
    board: Board
    seconds: float
    results: Results

    async def hear(self, where: str, at: Server) -> None:
        """Somebody posts at the first node, and others listen."""
        writer = await connect(self.nodes[0])
        sockets = [await self.listen(at) for _ in range(LISTENERS)]
        posts = await self.write_paced(writer)
        await receive_all(sockets, len(posts))
        times = [times_of(socket, posts) for socket in sockets]
        self.results.heard[where].append(
            latency([of[post.id] - post.answered for of in times for post in posts])
        )
        for each in (writer, *sockets):
            each.close()

    async def listen(self, at: Server) -> Subscriber:
        subscriber = await Subscriber().open(at.port)
        return await subscriber.follow(self.board.topic, self.board.token)

    async def write_paced(self, writer: Connection) -> list[Written]:
        posts, started = [], time.perf_counter()
        for number in range(int(self.seconds * POSTS_PER_S)):
            await asyncio.sleep(max(0.0, started + number / POSTS_PER_S - time.perf_counter()))
            sent = time.perf_counter()
            answer = await writer.ask(self.board.write(self.board.live_id))
            post_id = msgspec.json.decode(answer)["id"]
            posts.append(Written(post_id, sent, time.perf_counter(), writer.port))
        return posts

    async def load(self, nodes: str, asked: Sequence[Server]) -> None:
        """Ask these nodes for everything, as fast as they answer."""
        for row in LOADS:
            connections = [
                await connect(asked[number % len(asked)]) for number in range(CONNECTIONS)
            ]
            before_s = sum(map(cpu_s, self.nodes))
            load = await hammer(connections, self.board.loads()[row], self.seconds)
            spent_s = sum(map(cpu_s, self.nodes)) - before_s
            self.results.rates[row, nodes].append(load.per_s)
            self.results.cpu_us[row, nodes].append(spent_s / load.answers * 1e6)
            for connection in connections:
                connection.close()


async def measure(seconds: float, rounds: int, workers: int, database_url: str) -> str:
    results = Results()
    with (
        tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder,
        running_redis(Path(folder)) as redis,
    ):
        nodes = [new_node(Path(folder) / name, workers, database_url) for name in ("a", "b")]
        async with running(nodes[0]):
            board = await seed(nodes[0])
        bench = Bench(nodes, board, seconds, results)
        for _ in range(rounds):
            async with both(nodes, ""):
                await bench.hear("at the same node", nodes[0])
                await bench.hear("at the other, without Redis", nodes[1])
                await bench.load("one", nodes[:1])
                await bench.load("two, without Redis", nodes)
            async with both(nodes, redis.url):
                await bench.hear("at the other, with Redis", nodes[1])
                await bench.load("two, with Redis", nodes)
    return results.table()


def new_node(folder: Path, workers: int, database_url: str) -> Server:
    folder.mkdir()
    node, _floor = servers(folder, workers, database_url)
    node.settings["HOMEROOM_NODE"] = folder.name
    return node


@asynccontextmanager
async def both(nodes: Sequence[Server], redis_url: str) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for node in nodes:
            node.settings["HOMEROOM_REDIS_URL"] = redis_url
            await stack.enter_async_context(running(node))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nodes", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.5, help="of each load (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="of each node (%(default)s)")
    parser.add_argument(
        "--database",
        metavar="URL",
        required=True,
        help="a PostgreSQL server on which a new database may be made, postgresql+asyncpg://…",
    )
    given = parser.parse_args()
    with (
        new_database(given.database) as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert url
        measured = measure(given.seconds, given.rounds, given.workers, url)
        sys.stdout.write(runner.run(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
