"""A restart under many sockets: all come back, and nobody else waits for that."""

import asyncio
import random
import time

from tests.bench.load import Connection, Failed
from tests.bench.measure import Measure
from tests.bench.stage import spread
from tests.bench.subscriber import Frames, Subscriber, receive_all

SOCKETS = 500
MISSED, CHARS = 20, 230  # events that most of them find when they come back
ASK_EVERY_S = 0.01
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0  # as static/live.js
BACK_WITHIN_S = 60


class Restart(Measure):
    """Timed from when the server is told to stop; others ask from when it is there again."""

    async def run(self) -> None:
        shared = Frames()
        sockets = await asyncio.gather(*(self.subscribe(shared) for _ in range(SOCKETS)))
        told = time.perf_counter()
        returning = [asyncio.create_task(self.come_back(socket)) for socket in sockets]
        await asyncio.to_thread(self.homeroom.stop)
        await asyncio.to_thread(self.homeroom.start)
        ready = time.perf_counter()
        async with spread(self.homeroom, self.homeroom.workers, self.connect) as askers:
            asking = [asyncio.create_task(self.ask_until_cancelled(each)) for each in askers]
            recorder = await self.connect()
            await recorder.ask(self.board.commit(events=MISSED, chars=CHARS))
            async with asyncio.timeout(BACK_WITHIN_S):
                back = await asyncio.gather(*returning)
            await asyncio.gather(*(socket.receive(MISSED) for socket in back))
            caught_up = time.perf_counter()
            for task in asking:
                task.cancel()
            waits = await asyncio.gather(*asking)
            await receive_all(back, MISSED)
        for each in (recorder, *sockets, *back):
            each.close()
        self.results.add("down", ready - told)
        self.results.add("back", caught_up - told)
        self.results.add("waited", max(map(max, waits)) * 1e3)

    async def come_back(self, socket: Subscriber) -> Subscriber:
        """When the server has said, and then as the reference client tries."""
        await socket.ended.wait()
        wait_s, attempts = socket.retry_after(), 0
        while True:
            await asyncio.sleep(wait_s)
            back = Subscriber(socket.shared)
            try:
                await back.open(self.homeroom.port)
                return await back.follow(self.board.topic, self.board.token, after=socket.head)
            except (Failed, OSError):
                back.close()
            longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2**attempts)
            wait_s, attempts = longest * random.uniform(0.5, 1), attempts + 1

    async def ask_until_cancelled(self, asker: Connection) -> list[float]:
        """How long each read took."""
        asked, spent = self.board.reads(), list[float]()
        try:
            while True:
                began = time.perf_counter()
                await asker.ask(random.choice(asked))
                spent.append(time.perf_counter() - began)
                await asyncio.sleep(ASK_EVERY_S)
        except asyncio.CancelledError:
            return spent
