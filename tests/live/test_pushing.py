"""Events are pushed where nothing waits, and come once and in order whatever else is sent."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from api.adapters.frame_stream import FrameStream
from api.context import Services
from api.live.commands import sign_in, subscribe
from api.live.connection import Connection
from api.live.protocol import Close, Hello, ServerPing
from api.server.supervisor import TCP_OPTIONS
from model.database.row import AnyRow
from model.live.feed import Feed
from model.log.cursor import events_after
from model.log.event import record
from tests.bench.stalled import Narrow
from tests.support.cast import Cast

SMALL, LARGE = 100, 30_000  # characters of an event
MORE_THAN_KERNELS_TAKE = 40
MORE_THAN_A_FRAME = 510
TYPE = re.compile(r'"type":"(\w+)"')

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Publisher:
    """Writes one event after another, without the detour of a request."""

    def __init__(self, services: Services, topic: str) -> None:
        self.services, self.topic = services, topic
        self.count = 0

    async def write(self, chars: int, events: int = 1) -> None:
        async with self.services.database.write() as db:
            for _ in range(events):
                self.count += 1
                data = {"id": self.count, "text": "x" * chars}
                record(db, self.topic, "post.created", data, by=None)

    async def publish(self, times: int, chars: int) -> None:
        """Each is in a frame of its own where it can be sent at once."""
        for _ in range(times):
            await self.write(chars)
            await self.services.feed.look([self.topic])


@pytest.fixture
def publisher(people: Cast, services: Services) -> Publisher:
    return Publisher(services, f"channel:{people.channel['id']}")


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often something was sent in which way."""
    counted = Counter[str]()
    push, send_frame, replay = FrameStream.push, FrameStream.send_frame, Feed.replay

    def counted_push(self: FrameStream, frame: bytes) -> bool:
        counted["pushed" if (is_sent := push(self, frame)) else "refused"] += 1
        return is_sent

    async def counted_send(self: FrameStream, frame: bytes) -> None:
        counted["written"] += 1
        await send_frame(self, frame)

    async def counted_replay(self: Feed, *arguments: Any) -> Any:
        counted["replayed"] += 1
        return await replay(self, *arguments)

    monkeypatch.setattr(FrameStream, "push", counted_push)
    monkeypatch.setattr(FrameStream, "send_frame", counted_send)
    monkeypatch.setattr(Feed, "replay", counted_replay)
    return counted


@pytest.fixture
async def narrow(
    people: Cast, publisher: Publisher, url: str, ways: Counter[str]
) -> AsyncIterator[Narrow]:
    del ways  # are counted from the beginning
    reader = await Narrow().open(urlsplit(url).port or 0)
    yield await reader.follow(publisher.topic, people.bob.token or "")
    reader.close()


@pytest.mark.parametrize("changed_settings", [{"live_ring_events": 3}])
async def test_pushes_answers_and_replays_make_one_order_for_who_sometimes_stops_reading(
    publisher: Publisher, narrow: Narrow, ways: Counter[str]
) -> None:
    for times in (1, 5, MORE_THAN_KERNELS_TAKE):
        await publisher.publish(3, SMALL)
        narrow.send({"type": "ping"})
        await publisher.publish(3, SMALL)
        await narrow.receive(publisher.count)
        narrow.transport.pause_reading()
        await publisher.publish(times, LARGE)
        narrow.send({"type": "ping"})
        await publisher.publish(2, SMALL)
        narrow.transport.resume_reading()
        await publisher.publish(2, LARGE)
        await narrow.receive(publisher.count)
    assert [event.post_id for event in narrow.events()] == list(range(1, publisher.count + 1))
    assert all(ways[way] for way in ("pushed", "refused", "written", "replayed")), ways


async def test_nothing_is_pushed_behind_the_frame_that_closes(
    services: Services, publisher: Publisher, narrow: Narrow
) -> None:
    (connection,) = services.connections
    stream = cast(FrameStream, cast(Any, connection)._push.__self__)
    await stream.app_send({"type": "websocket.close", "code": 4000, "reason": None})
    await publisher.publish(3, SMALL)
    await narrow.ended.wait()
    narrow.close()
    assert narrow.lost == "it was closed with 4000"
    assert narrow.events() == []


@pytest.fixture
def impatient_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TCP_OPTIONS, "TCP_USER_TIMEOUT", 100)  # ms, instead of 20 seconds


@pytest.mark.usefixtures("impatient_kernel")
async def test_whose_device_is_switched_off_is_no_bug(
    services: Services, publisher: Publisher, narrow: Narrow, caplog: pytest.LogCaptureFixture
) -> None:
    narrow.transport.pause_reading()
    await publisher.publish(MORE_THAN_KERNELS_TAKE, LARGE)
    async with asyncio.timeout(10):
        while services.connections:
            services.connection_left.clear()
            await services.connection_left.wait()
    narrow.close()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


class Taker:
    """Takes what a live connection sends, and notes how, in one order."""

    def __init__(self, services: Services, push: Callable[[bytes], bool] | None = None) -> None:
        self.connection = Connection(services, push=push or self.push)
        self.taken: list[str] = []
        self._changed = asyncio.Event()
        self._writing = asyncio.create_task(self._write())

    def push(self, frame: bytes) -> bool:
        assert b'"type":"event"' in frame
        self._take("pushed")
        return True

    async def follow(self, topic: str, token: str) -> None:
        await sign_in(Hello(token=token), self.connection)
        await subscribe({topic: None}, None, None, self.connection)
        await self.until("welcome", "subscribed")
        await asyncio.sleep(0)  # the writer has nothing to do now

    async def until(self, *taken: str) -> None:
        async with asyncio.timeout(10):
            while tuple(self.taken) != taken:
                self._changed.clear()
                await self._changed.wait()
        self.taken.clear()

    async def end(self) -> None:
        self.connection.end()
        self._writing.cancel()
        await asyncio.wait([self._writing])

    async def _write(self) -> None:
        async for frame in self.connection.frames():
            for kind in dict.fromkeys(TYPE.findall(frame.text)):
                self._take(kind)

    def _take(self, how: str) -> None:
        self.taken.append(how)
        self._changed.set()


@pytest.fixture
async def unhurried(services: Services) -> Services:
    """With a feed that looks only when it is told to."""
    return replace(services, feed=Feed(services.database))


async def rows_of(publisher: Publisher, events: int = 1) -> Sequence[AnyRow]:
    """What the next look would find: something is written now."""
    await publisher.write(SMALL, events)
    services, topic = publisher.services, publisher.topic
    async with services.database.read() as db:
        return await events_after(db, {topic: services.feed.rings[topic].head}, MORE_THAN_A_FRAME)


async def test_what_waits_goes_before_the_events_that_come_then(
    people: Cast, unhurried: Services
) -> None:
    feed, publisher = unhurried.feed, Publisher(unhurried, f"user:{people.bob.id}")
    bob = Taker(unhurried)
    await bob.follow(publisher.topic, people.bob.token or "")
    feed.fill(await rows_of(publisher))
    assert bob.taken == ["pushed"], "at once"
    bob.taken.clear()

    rows = await rows_of(publisher)
    bob.connection.put(ServerPing())
    feed.fill(rows)
    await bob.until("ping", "event")
    feed.fill(await rows_of(publisher, events=MORE_THAN_A_FRAME))
    await bob.until("pushed", "event")
    feed.fill(await rows_of(publisher))
    await bob.until("pushed")
    await bob.end()


async def test_a_connection_that_fails_costs_nobody_else_an_event(
    people: Cast, unhurried: Services
) -> None:
    def fail(frame: bytes) -> bool:
        raise RuntimeError(frame)

    feed, publisher = unhurried.feed, Publisher(unhurried, f"user:{people.bob.id}")
    takers = [Taker(unhurried), Taker(unhurried, push=fail), Taker(unhurried)]
    for taker in takers:
        await taker.follow(publisher.topic, people.bob.token or "")
    feed.fill(await rows_of(publisher))
    first, failing, last = takers
    assert (first.taken, last.taken) == (["pushed"], ["pushed"])
    assert failing.connection.code is Close.RESTART
    await failing.until("event", "bye")
    for taker in takers:
        await taker.end()
