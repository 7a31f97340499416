"""A restart under many sockets: all come back, and nobody else waits for that."""

import asyncio
import random
import time

from tests.bench.load import Failed
from tests.bench.measure import Measure
from tests.bench.subscriber import Frames, Subscriber, receive_all

SOCKETS, ASKERS = 500, 6
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
        is_over = asyncio.Event()
        asking = [asyncio.create_task(self.ask_until(is_over)) for _ in range(ASKERS)]
        recorder = await self.connect()
        await recorder.ask(self.board.commit(events=MISSED, chars=CHARS))
        async with asyncio.timeout(BACK_WITHIN_S):
            back = await asyncio.gather(*returning)
        await asyncio.gather(*(socket.receive(MISSED) for socket in back))
        caught_up = time.perf_counter()
        is_over.set()
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

    async def ask_until(self, is_over: asyncio.Event) -> list[float]:
        """How long each answer took: of GET /health on a new connection, then of reads on it."""
        began = time.perf_counter()
        asker = await self.connect()
        spent = [time.perf_counter() - began]
        while not is_over.is_set():
            await asyncio.sleep(ASK_EVERY_S)
            began = time.perf_counter()
            await asker.ask(random.choice(self.board.reads()))
            spent.append(time.perf_counter() - began)
        asker.close()
        return spent
