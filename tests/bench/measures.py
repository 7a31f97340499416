"""Requests by the second, memory, and how soon an event is at a socket."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import msgspec

from tests.bench.load import Connection, Failed, Load, hammer, latency, request
from tests.bench.measure import Measure
from tests.bench.stage import connect, cpu_s, pss, rss, spread, workers_of
from tests.bench.subscriber import Subscriber, receive_all
from tests.support.server import Server

CONNECTIONS = 32
LISTENERS, EVENTS_PER_S, PACED_WRITERS = 50, 50, 12
PLAYERS, POSITIONS_PER_S = 30, 20  # of each
FEW, MANY = 20, 500  # idle connections; what is loaded at first use does not count
SETTLED_AFTER_S, IDLE_AFTER_S = 0.5, 2.0

Times = dict[int, float]  # when the event of each post came to one socket


@dataclass(frozen=True)
class Written:
    """A post: when it was sent and when the answer came, on which connection."""

    id: int
    sent: float
    answered: float
    port: int


class Memory(Measure):
    """Of the idle server, and of idle connections."""

    async def run(self) -> None:
        await asyncio.sleep(IDLE_AFTER_S)
        self.results.add("idle", pss(self.homeroom) / 1e6)
        for row, server, open_one in (
            ("bare_socket", self.floor, self.bare),
            ("socket", self.homeroom, self.subscribe),
        ):
            async with spread(server, FEW, open_one):
                await asyncio.sleep(SETTLED_AFTER_S)
                before = rss(server)
                async with spread(server, MANY - FEW, open_one):
                    await asyncio.sleep(SETTLED_AFTER_S)
                    grown = rss(server) - before
            self.results.add(row, grown / (MANY - FEW) / 1e3)


class Requests(Measure):
    """As fast as they are answered."""

    async def run(self) -> None:
        await self.load("quart", self.floor, [request("GET", "/health")])
        for row, requests in self.board.loads().items():
            await self.load(row, self.homeroom, requests)

    async def load(self, row: str, server: Server, requests: Sequence[bytes]) -> None:
        async with spread(server, CONNECTIONS, partial(connect, server)) as connections:
            before_s = cpu_s(server)
            load = await hammer(connections, requests, self.seconds)
            each_s = (cpu_s(server) - before_s) / load.answers
            pids = workers_of(server)
        self.results.add(row, load.per_s, load.spent, each_s * 1e6)
        if row == "write":
            self.compare_workers(load, [pids[connection.port] for connection in connections])

    def compare_workers(self, load: Load, pids: Sequence[int]) -> None:
        """None shall starve the others: `pids` says which of them served each connection."""
        of_worker: defaultdict[int, list[float]] = defaultdict(list)
        for pid, seconds in zip(pids, load.seconds, strict=True):
            of_worker[pid] += seconds
        ranked = sorted(map(latency, of_worker.values()), key=lambda spent: spent.p99)
        for rank, spent in enumerate(ranked, start=1):
            self.results.add(f"writes_{rank}", None, spent)
        self.results.add("unfair", ranked[-1].p99 / ranked[0].p99)


class CommitToSocket(Measure):
    """Only sockets at workers other than the one that answered, where there are others."""

    async def run(self) -> None:
        await self.measure("answered", "sent")
        async with spread(self.homeroom, PLAYERS, self.subscribe) as players:
            playing = asyncio.create_task(self.play(players))
            await self.measure("answered_at_play", "sent_at_play")
            playing.cancel()

    async def play(self, players: Sequence[Subscriber]) -> None:
        """Each shows its position, for ever."""
        message = {"type": "signal", "topic": self.board.topic, "name": "position"}
        for step in count():
            for player in players:
                player.send({**message, "data": {"x": step, "y": -step}})
                await asyncio.sleep(1 / POSITIONS_PER_S / len(players))

    async def measure(self, answered_row: str, sent_row: str) -> None:
        expected = int(EVENTS_PER_S * self.seconds)
        async with (
            spread(self.homeroom, LISTENERS, self.subscribe) as sockets,
            spread(self.homeroom, PACED_WRITERS, self.connect) as writers,
        ):
            posts = await self._write_paced(writers, expected)
            await receive_all(sockets, expected)
            events = [times_of(socket, posts) for socket in sockets]
            pids = workers_of(self.homeroom)
        sent, answered = [], []
        for socket, at in zip(sockets, events, strict=True):
            for post in posts:
                if self.homeroom.workers == 1 or pids[socket.port] != pids[post.port]:
                    sent.append(at[post.id] - post.sent)
                    answered.append(at[post.id] - post.answered)
        self.results.add(answered_row, None, latency(answered))
        self.results.add(sent_row, None, latency(sent))

    async def _write_paced(self, writers: Sequence[Connection], posts: int) -> list[Written]:
        started = time.perf_counter()

        async def write_every_so_often(first: int) -> list[Written]:
            written = []
            for number in range(first, posts, len(writers)):
                due = started + number / EVENTS_PER_S
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                written.append(await self._write(writers[first]))
            return written

        return await _all(write_every_so_often(first) for first in range(len(writers)))

    async def _write(self, writer: Connection) -> Written:
        sent = time.perf_counter()
        answer = await writer.ask(self.board.write(self.board.live_id))
        answered = time.perf_counter()
        return Written(msgspec.json.decode(answer)["id"], sent, answered, writer.port)


def times_of(socket: Subscriber, posts: Sequence[Written]) -> Times:
    times = {event.post_id: event.at for event in socket.events()}
    if times.keys() != {post.id for post in posts}:
        raise Failed(f"{len(posts)} posts, but events of {len(times)}")
    return times


async def _all(jobs: Iterable[Coroutine[None, None, list[Written]]]) -> list[Written]:
    return [post for written in await asyncio.gather(*jobs) for post in written]
