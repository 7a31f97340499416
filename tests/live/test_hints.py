"""Hints make it fast; without them everything comes all the same."""

import asyncio
from contextlib import suppress

from api.context import Services
from model.database.unit_of_work import Database
from model.log.event import record, write_events
from tests.live.client import LiveClient
from tests.support.cast import Cast


async def test_what_is_committed_without_a_hint_comes_even_while_others_are_hinted_at(
    people: Cast, url: str, services: Services, database_url: str
) -> None:
    topic, busy = f"user:{people.bob.id}", f"channel:{people.channel['id']}"

    async def hint_without_end() -> None:
        while True:
            services.feed.wake([busy])
            await asyncio.sleep(0.01)

    foreign = Database(database_url, before_commit=write_events)  # tells nobody of its commits
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(busy)
        head = (await live.subscribe(topic))["seq"]
        hinting = asyncio.create_task(hint_without_end())
        async with foreign.write() as db:
            record(db, topic, "thing.done", {"id": 1}, by=None)
        await live.event(topic, head + 1)
        hinting.cancel()
        with suppress(asyncio.CancelledError):
            await hinting
    await foreign.close()
