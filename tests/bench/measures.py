"""One round: every figure once, on servers that have just been started."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from tests.bench.load import Connection, Failed, hammer, latency
from tests.bench.stage import Board, connect, cpu_s, rss, running, spread, workers_of
from tests.bench.subscriber import Subscriber
from tests.bench.table import Results
from tests.server import Server

CONNECTIONS = 32
LISTENERS, EVENTS_PER_S, PACED_WRITERS = 50, 50, 12
SUBSCRIBERS, WRITERS = 100, 8
FEW, MANY = 20, 320  # idle connections; what is loaded at first use does not count
SETTLED_AFTER_S = 0.5
DOUBLES_WITHIN_S = 0.2  # whatever comes twice comes then


Times = dict[int, float]  # when the event of each post came to one socket


@dataclass(frozen=True)
class Written:
    """A post: when it was sent and when the answer came, on which connection."""

    id: int
    sent: float
    answered: float
    port: int


@dataclass(frozen=True)
class Round:
    results: Results
    homeroom: Server
    floor: Server
    board: Board
    seconds: float

    async def run(self) -> None:
        started = time.perf_counter()
        async with running(self.homeroom):
            self.results.add("start_up", time.perf_counter() - started)
            async with running(self.floor):
                await self.measure()

    async def measure(self) -> None:
        await self.memory()
        await self.requests()
        await self.commit_to_socket()
        await self.deliveries()

    async def requests(self) -> None:
        board = self.board
        for row, server, requests in (
            ("quart", self.floor, [b"GET /health HTTP/1.1\r\nHost: floor\r\n\r\n"]),
            ("read", self.homeroom, board.reads()),
            ("list", self.homeroom, [board.listing()]),
            ("write", self.homeroom, [board.write(board.written_id)]),
        ):
            async with spread(server, CONNECTIONS, partial(connect, server)) as connections:
                before_s = cpu_s(server)
                load = await hammer(connections, requests, self.seconds)
                each_s = (cpu_s(server) - before_s) / load.answers
            self.results.add(row, load.per_s, load.spent, each_s * 1e3)

    async def commit_to_socket(self) -> None:
        """Only sockets at workers other than the one that answered, where there are others."""
        count = int(EVENTS_PER_S * self.seconds)
        async with (
            spread(self.homeroom, LISTENERS, self._subscribe) as sockets,
            spread(self.homeroom, PACED_WRITERS, partial(connect, self.homeroom)) as writers,
        ):
            posts = await self._write_paced(writers, count)
            events = await self._received(sockets, posts)
            pids = workers_of(self.homeroom)
        sent, answered = [], []
        for socket, at in zip(sockets, events, strict=True):
            for post in posts:
                if self.homeroom.workers == 1 or pids[socket.port] != pids[post.port]:
                    sent.append(at[post.id] - post.sent)
                    answered.append(at[post.id] - post.answered)
        self.results.add("answered", None, latency(answered))
        self.results.add("sent", None, latency(sent))

    async def deliveries(self) -> None:
        """Then the floor sends frames of the same sizes as those that a subscriber got."""
        async with (
            spread(self.homeroom, SUBSCRIBERS, self._subscribe) as sockets,
            spread(self.homeroom, WRITERS, partial(connect, self.homeroom)) as writers,
        ):
            started = time.perf_counter()
            posts = await self._write_for_a_while(writers)
            events = await self._received(sockets, posts)
            spent = max(max(at.values()) for at in events) - started
            sizes = sockets[0].sizes()
        self.results.add("live", SUBSCRIBERS * len(posts) / spent)
        async with spread(self.floor, SUBSCRIBERS, self._bare) as bare:
            started = time.perf_counter()
            for socket in bare:
                socket.send(sizes)
            await asyncio.gather(*(socket.receive(len(sizes)) for socket in bare))
            spent = max(socket.frames[-1][0] for socket in bare) - started
        self.results.add("bare", SUBSCRIBERS * len(posts) / spent)

    async def memory(self) -> None:
        for row, server, open_one in (
            ("bare_socket", self.floor, self._bare),
            ("socket", self.homeroom, self._subscribe),
        ):
            async with spread(server, FEW, open_one):
                await asyncio.sleep(SETTLED_AFTER_S)
                before = rss(server)
                async with spread(server, MANY - FEW, open_one):
                    await asyncio.sleep(SETTLED_AFTER_S)
                    grown = rss(server) - before
            self.results.add(row, grown / (MANY - FEW) / 1e3)

    async def _subscribe(self) -> Subscriber:
        subscriber = await Subscriber().open(self.homeroom.port)
        return await subscriber.follow(self.board.topic, self.board.token)

    async def _bare(self) -> Subscriber:
        return await Subscriber(bare=True).open(self.floor.port)

    async def _write(self, writer: Connection) -> Written:
        sent = time.perf_counter()
        answer = await writer.ask(self.board.write(self.board.live_id))
        answered = time.perf_counter()
        return Written(msgspec.json.decode(answer)["id"], sent, answered, writer.port)

    async def _write_paced(self, writers: Sequence[Connection], count: int) -> list[Written]:
        started = time.perf_counter()

        async def write_every_so_often(first: int) -> list[Written]:
            written = []
            for number in range(first, count, len(writers)):
                due = started + number / EVENTS_PER_S
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                written.append(await self._write(writers[first]))
            return written

        return await _all(write_every_so_often(first) for first in range(len(writers)))

    async def _write_for_a_while(self, writers: Sequence[Connection]) -> list[Written]:
        end = time.perf_counter() + self.seconds

        async def write_on(writer: Connection) -> list[Written]:
            written = []
            while time.perf_counter() < end:
                written.append(await self._write(writer))
            return written

        return await _all(write_on(writer) for writer in writers)

    @staticmethod
    async def _received(sockets: Sequence[Subscriber], posts: Sequence[Written]) -> list[Times]:
        """`Failed` unless every socket has every post, once and in order."""
        await asyncio.gather(*(socket.receive(len(posts)) for socket in sockets))
        await asyncio.sleep(DOUBLES_WITHIN_S)
        times = [{event.post_id: event.at for event in socket.events()} for socket in sockets]
        written = {post.id for post in posts}
        for socket, at in zip(sockets, times, strict=True):
            if at.keys() != written or socket.count != len(posts):
                raise Failed(f"{len(posts)} posts, but {socket.count} events of {len(at)} posts")
        return times


async def _all(jobs: Iterable[Coroutine[None, None, list[Written]]]) -> list[Written]:
    return [post for written in await asyncio.gather(*jobs) for post in written]
