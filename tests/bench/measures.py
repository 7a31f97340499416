"""Requests by the second, memory, and how soon an event is at a socket."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import msgspec

from tests.bench.load import Connection, Failed, hammer, latency
from tests.bench.measure import Measure
from tests.bench.stage import connect, cpu_s, rss, spread, workers_of
from tests.bench.subscriber import Subscriber, receive_all

CONNECTIONS = 32
LISTENERS, EVENTS_PER_S, PACED_WRITERS = 50, 50, 12
PLAYERS, POSITIONS_PER_S = 30, 20  # of each
FEW, MANY = 20, 500  # idle connections; what is loaded at first use does not count
SETTLED_AFTER_S = 0.5

Times = dict[int, float]  # when the event of each post came to one socket


@dataclass(frozen=True)
class Written:
    """A post: when it was sent and when the answer came, on which connection."""

    id: int
    sent: float
    answered: float
    port: int


class Memory(Measure):
    """Of idle connections."""

    async def run(self) -> None:
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
    async def run(self) -> None:
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
