"""Looks every second how a worker is, and tells its meter."""

import asyncio
import time
from itertools import count

from api.measuring.meter import Meter, State
from model.live.bus import Bus
from model.live.feed import Feed
from model.live.workers import memory_bytes
from model.password import Passwords

EVERY_S = 1
_MEMORY_EVERY = 10  # looks: the system adds it up each time, which takes some milliseconds


async def run(meter: Meter, feed: Feed, passwords: Passwords, bus: Bus) -> None:
    """For ever, if anything is measured."""
    if not meter.is_measuring:
        return
    memory: int | None = None
    for look in count():
        if look % _MEMORY_EVERY == 0:
            memory = await asyncio.to_thread(memory_bytes)
        due = time.monotonic() + EVERY_S
        await asyncio.sleep(EVERY_S)
        moment = time.monotonic()
        meter.saw(
            State(
                late_s=max(0.0, moment - due),  # timers may be a little early
                look_age_s=moment - feed.looked_at,
                followed_topics=len(feed.rings),
                ring_chars=sum(ring.size for ring in feed.rings.values()),
                waiting_hashes=passwords.waiting,
                memory_bytes=memory,
                hears_machines=bus.is_well,
            )
        )
