"""Readers that stop reading while others publish: nobody else may notice."""

import asyncio
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tests.bench.load import HOST, Connection, Failed, Latency, latency
from tests.bench.measure import Measure
from tests.bench.stage import Board, connect, cpu_s, rss, spread
from tests.bench.subscriber import Frames, Subscriber, receive_all
from tests.support.server import Server

PUBLISHERS, OTHERS = 4, 20
AT_ONCE = 4  # events in a commit
PUBLISHED, CHARS = 2000, 3930  # events with 4 KiB of JSON each
RECEIVE_BUFFER_BYTES = 4096
LOOK_EVERY = 10  # commits


class Narrow(Subscriber):
    """Its kernel takes next to nothing while it does not read."""

    async def dial(self, port: int) -> None:
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        narrow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(narrow, (HOST, port))
        await loop.create_connection(lambda: self, sock=narrow)


@dataclass(frozen=True)
class Published:
    spent: Latency
    grown: int  # bytes of all workers, at the most
    cpu_us: float  # for each event


class StalledReader(Measure):
    """The same with two stalled readers and with none."""

    async def run(self) -> None:
        disturbed = await publish(self.homeroom, self.board, at_once=AT_ONCE, stalled=2)
        undisturbed = await publish(self.homeroom, self.board, at_once=AT_ONCE, stalled=0)
        self.results.add("stalled", disturbed.grown / 1e6)
        self.results.add("published_past", disturbed.spent.p99, cpu_us=disturbed.cpu_us)
        self.results.add("published", undisturbed.spent.p99, cpu_us=undisturbed.cpu_us)


async def publish(server: Server, board: Board, *, at_once: int, stalled: int) -> Published:
    """So many events in a commit. `Failed` unless everybody has everything, once and in order.

    The first of those who are stalled reads on in the end, the others come back anew.
    """

    async def follow(reader: Subscriber, after: int | None = None) -> Subscriber:
        return await (await reader.open(server.port)).follow(board.topic, board.token, after)

    shared = Frames()
    async with (
        spread(server, OTHERS, lambda: follow(Subscriber(shared))) as others,
        spread(server, stalled, lambda: follow(Narrow(shared))) as slow,
        spread(server, PUBLISHERS, partial(connect, server)) as publishers,
    ):
        for reader in slow:
            reader.transport.pause_reading()
        before, before_s = rss(server), cpu_s(server)
        commits = range(PUBLISHED // at_once)
        asked = board.commit(events=at_once, chars=CHARS)
        spent, peak = await publish_all(server, publishers, asked, commits)
        await receive_all(others, PUBLISHED)
        cpu_us = (cpu_s(server) - before_s) / PUBLISHED * 1e6
        for number, reader in enumerate(slow):
            if reader.count == PUBLISHED:
                raise Failed("a stalled reader has everything: it did not stall")
            if number == 0:
                await read_on(reader)
            if (seen := len(reader.events())) != PUBLISHED:
                reader.close()
                back = await follow(Subscriber(shared), after=reader.head + seen)
                await receive_all([back], PUBLISHED - seen)
                back.close()
    return Published(latency(spent), peak - before, cpu_us)


async def publish_all(
    server: Server, publishers: Sequence[Connection], asked: bytes, commits: Iterable[int]
) -> tuple[list[float], int]:
    """How long each took in seconds, and the most memory that was seen."""
    spent: list[float] = []
    seen = [rss(server)]
    numbers = iter(commits)

    async def publish_on(publisher: Connection) -> None:
        for number in numbers:
            began = time.perf_counter()
            await publisher.ask(asked)
            spent.append(time.perf_counter() - began)
            if number % LOOK_EVERY == 0:
                seen.append(rss(server))

    await asyncio.gather(*(publish_on(publisher) for publisher in publishers))
    return spent, max(*seen, rss(server))


async def read_on(reader: Subscriber) -> None:
    """Until it has everything, or is found dropped: it took nothing for too long."""
    reader.transport.resume_reading()
    with suppress(Failed):
        await reader.receive(PUBLISHED)
