"""Datagrams between workers: lost when there is no room, and never waited for."""

import asyncio
import socket
from collections.abc import Collection, Iterator

import pytest

from model.live.bus import Bus, Datagrams
from model.live.ephemeral import NO_DATA, Ephemeral, Sender, SignalMessage

SIGNAL = SignalMessage("channel:1", "typing", NO_DATA, Sender(1, "Ann", "a"))


@pytest.fixture
def workers() -> Iterator[tuple[Bus, Bus]]:
    """Two, each of which writes to the other."""
    pairs = [[socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in "ab"] for _ in "ab"]
    of_one, of_two = (
        [Datagrams(pair[own][0], [pair[1 - own][1]]) for pair in pairs] for own in (0, 1)
    )
    yield Bus(of_one[0], of_one[1]), Bus(of_two[0], of_two[1])
    for pair in pairs:
        for sockets in pair:
            for each in sockets:
                each.close()


class Heard:
    def __init__(self, bus: Bus) -> None:
        self.topics: set[str] = set()
        self.told: list[Ephemeral] = []
        self.everything = 0
        bus.listen(self.hinted, self.told.extend)

    def hinted(self, topics: Collection[str] | None) -> None:
        if topics is None:
            self.everything += 1
        else:
            self.topics.update(topics)


async def until(heard: Heard, topic: str) -> None:
    async with asyncio.timeout(5):
        while topic not in heard.topics:
            await asyncio.sleep(0.001)


async def test_a_flood_of_signals_does_not_drown_a_hint(workers: tuple[Bus, Bus]) -> None:
    one, two = workers
    for _ in range(10_000):
        one.tell([SIGNAL])
    one.hint(["channel:7"])
    heard = Heard(two)
    await until(heard, "channel:7")
    assert 0 < len(heard.told) < 10_000
    assert heard.told[0] == SIGNAL
    await two.close()


async def test_too_many_topics_for_a_hint_mean_all_of_them(workers: tuple[Bus, Bus]) -> None:
    one, two = workers
    heard = Heard(two)
    one.hint([f"channel:{number}" for number in range(1000)])
    one.hint(["channel:7"])
    await until(heard, "channel:7")
    assert heard.everything == 1
    await two.close()


async def test_a_worker_that_is_alone_tells_nobody() -> None:
    alone = Bus()
    heard = Heard(alone)
    alone.hint(["channel:7"])
    alone.tell([SIGNAL])
    await alone.close()
    assert not heard.topics
    assert not heard.told
