"""Many events to many sockets: 20 in a commit, as fast as the commits are made."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from tests.bench.load import Connection
from tests.bench.measure import Measure
from tests.bench.stage import cpu_s, spread
from tests.bench.subscriber import Frames, Subscriber, receive_all

SUBSCRIBERS, COMMITTERS = 100, 3
EVENTS, CHARS = 20, 230  # of a commit, and of a text: with 400 bytes of JSON


class FanOut(Measure):
    """With one subscriber a worker it shows what the commits and the looks at them cost."""

    async def run(self) -> None:
        await self.commits("few_commits", subscribers=self.homeroom.workers)
        sizes = await self.commits("commits", subscribers=SUBSCRIBERS)
        await self.same_frames(sizes)

    async def commits(self, row: str, subscribers: int) -> list[list[int]]:
        """The sizes of the frames that each socket got."""
        async with (
            spread(self.homeroom, subscribers, partial(self.subscribe, Frames())) as sockets,
            spread(self.homeroom, COMMITTERS, self.connect) as committers,
        ):
            started, before_s = time.perf_counter(), cpu_s(self.homeroom)
            count = await self.commit_for_a_while(committers)
            await asyncio.gather(*(socket.receive(count) for socket in sockets))
            spent, worked_s = time_of_last(sockets) - started, cpu_s(self.homeroom) - before_s
            await receive_all(sockets, count)
            sizes = [socket.sizes() for socket in sockets]
        commits = count / EVENTS
        self.results.add(row, commits / spent, cpu_us=worked_s / commits * 1e6)
        if subscribers == SUBSCRIBERS:
            frames = sum(map(len, sizes))
            self.results.add("frames", frames / spent, cpu_us=worked_s / frames * 1e6)
            received = subscribers * count
            self.results.add("delivered", received / spent, cpu_us=worked_s / received * 1e6)
        return sizes

    async def commit_for_a_while(self, committers: Sequence[Connection]) -> int:
        """How many events were recorded."""
        asked = self.board.commit(events=EVENTS, chars=CHARS)
        end = time.perf_counter() + self.seconds

        async def commit_on(committer: Connection) -> int:
            count = 0
            while time.perf_counter() < end:
                count += msgspec.json.decode(await committer.ask(asked))["events"]
            return count

        return sum(await asyncio.gather(*(commit_on(committer) for committer in committers)))

    async def same_frames(self, sizes: Sequence[list[int]]) -> None:
        """The floor sends frames of the sizes that the subscribers got."""
        async with spread(self.floor, SUBSCRIBERS, self.bare) as sockets:
            started, before_s = time.perf_counter(), cpu_s(self.floor)
            for socket, of_frames in zip(sockets, sizes, strict=True):
                socket.send(of_frames)
            await asyncio.gather(
                *(
                    socket.receive(len(of_frames))
                    for socket, of_frames in zip(sockets, sizes, strict=True)
                )
            )
            spent, worked_s = time_of_last(sockets) - started, cpu_s(self.floor) - before_s
        frames = sum(map(len, sizes))
        self.results.add("bare", frames / spent, cpu_us=worked_s / frames * 1e6)


def time_of_last(sockets: Sequence[Subscriber]) -> float:
    return max(socket.frames[-1][0] for socket in sockets)
