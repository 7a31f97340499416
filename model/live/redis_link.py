"""The link to the workers of other machines, by the publish and subscribe of a Redis.

Each worker has two connections of its own: on one it says what it has to say, on the other it hears
everybody, itself too. What the workers of one machine say is ignored there: they have datagrams.

Nothing is stored, nobody waits for Redis, and what it does not take is dropped. While it is away
events are found by looking, signals are lost, and who is elsewhere is forgotten after a while.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from model.live.ephemeral import encode_hint

log = logging.getLogger(__name__)

_FORMAT = 1  # of the messages: releases that differ in it do not hear each other
_HINTS, _EPHEMERA = b"hints", b"ephemera"
_ANSWERS_WITHIN_S = 2
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.1, 5  # after a failure; doubled after each
_TOGETHER_S = 0.005  # what is said so soon after something else goes with the rest of it
_MOST_WAITING = 256  # signals and sets of people; then the oldest are dropped
_AT_ONCE = 32  # of them; hints do not wait for more
_SENT_WITHIN_S = 0.5  # what waits when the server stops

Heard = Callable[[Sequence[bytes]], None]


class RedisLink:
    """`run` is the same for all workers of a machine, and for no others."""

    def __init__(self, url: str, run: str) -> None:
        self.is_well = False
        self._url, self._own = url, run.encode()
        self._hear: dict[bytes, Heard] = {}
        self._topics = set[str]()  # to hint at
        self._ephemera = deque[bytes](maxlen=_MOST_WAITING)
        self._is_filled, self._is_empty = asyncio.Event(), asyncio.Event()
        self._is_empty.set()
        self._failures = 0
        self._running: asyncio.Task[None] | None = None

    def listen(self, hear_hints: Heard, hear_ephemera: Heard) -> None:
        self._hear = {_HINTS: hear_hints, _EPHEMERA: hear_ephemera}

    def join(self, name: str, joined: Callable[[], None]) -> None:
        self._prefix, self._joined = f"homeroom:{_FORMAT}:{name}:".encode(), joined
        self._running = asyncio.create_task(self._run())

    def hint(self, topics: Collection[str]) -> None:
        if self.is_well:
            self._topics.update(topics)
            self._note_filled()

    def tell(self, message: bytes) -> None:
        if self.is_well:
            self._ephemera.append(message)
            self._note_filled()

    async def close(self) -> None:
        """Send what waits, if that does not take long."""
        if self._running is None:
            return
        if self.is_well:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SENT_WITHIN_S):
                    await self._is_empty.wait()
        while not self._running.done():
            self.is_well = False
            self._running.cancel()
            await asyncio.wait({self._running}, timeout=_SENT_WITHIN_S)

    def _note_filled(self) -> None:
        self._is_filled.set()
        self._is_empty.clear()

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except* (RedisError, OSError) as failures:
                self._note_failure(failures.exceptions[0])
            except* Exception:
                log.exception("the link to other machines failed; it is made again")
                self._failures += 1
            pause_s = min(_BACK_OFF_S * 2**self._failures, _LONGEST_BACK_OFF_S)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - not all at once

    def _note_failure(self, failure: Exception) -> None:
        if not self._failures:
            log.warning("Redis is away, and other machines are not heard: %s", failure)
        self._failures += 1

    def _note_success(self) -> None:
        if self._failures:
            log.warning("Redis is back")
        self._failures = 0
        self._topics.clear()
        self._ephemera.clear()
        self.is_well = True
        self._joined()

    async def _serve(self) -> None:
        """Connect, then send and receive until that fails."""
        redis = Redis.from_url(
            self._url,
            protocol=2,
            socket_timeout=_ANSWERS_WITHIN_S,
            socket_connect_timeout=_ANSWERS_WITHIN_S,
            retry=Retry(NoBackoff(), 0),  # it is `_run` that tries again
        )
        everybody = redis.pubsub()
        try:
            await self._subscribe(everybody)
            at_nothing = self._own + encode_hint([])
            await redis.publish(self._prefix + _HINTS, at_nothing)  # it may be forbidden
            self._note_success()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._while_well(self._send(redis)))
                both.create_task(self._while_well(self._receive(everybody)))
        finally:
            self.is_well = False
            with suppress(RedisError, OSError):
                await everybody.aclose()  # type: ignore[no-untyped-call] # it has no annotations
                await redis.aclose()

    async def _subscribe(self, everybody: PubSub) -> None:
        await everybody.subscribe(*(self._prefix + kind for kind in self._hear))
        for _ in self._hear:
            if await everybody.get_message(timeout=_ANSWERS_WITHIN_S) is None:
                raise TimeoutError("it does not answer")

    async def _while_well(self, work: Coroutine[None, None, None]) -> None:
        """What works beside it ends, too, even if it misses that it is cancelled.

        Before Python 3.12 `asyncio.wait_for`, with which redis writes, may swallow that.
        """
        try:
            await work
        finally:
            self.is_well = False

    async def _send(self, redis: Redis) -> None:
        while self.is_well:
            await self._is_filled.wait()
            self._is_filled.clear()
            while self._topics or self._ephemera:
                pipeline = redis.pipeline(transaction=False)
                if self._topics:
                    hint = encode_hint(self._topics)
                    pipeline.publish(self._prefix + _HINTS, self._own + hint)
                    self._topics.clear()
                for _ in range(min(len(self._ephemera), _AT_ONCE)):
                    message = self._ephemera.popleft()
                    pipeline.publish(self._prefix + _EPHEMERA, self._own + message)
                await pipeline.execute()
            self._is_empty.set()
            await asyncio.sleep(_TOGETHER_S)

    async def _receive(self, everybody: PubSub) -> None:
        is_asked = False
        while self.is_well:
            message = await everybody.get_message(timeout=_ANSWERS_WITHIN_S)
            if message is None and is_asked:
                raise TimeoutError("it does not answer")
            if is_asked := message is None:
                await everybody.ping()
            elif message["type"] == "message":
                self._take(message["channel"].removeprefix(self._prefix), message["data"])

    def _take(self, kind: bytes, data: bytes) -> None:
        if not data.startswith(self._own):
            try:
                self._hear[kind]([data[len(self._own) :]])
            except msgspec.MsgspecError:
                log.warning("what another machine said cannot be read; is it of another release?")
