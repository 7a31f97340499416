"""The topics that a worker serves: channels of a group, all followed by one connection."""

import asyncio
from functools import partial

from model.channel import Channel
from model.log.cursor import Live, cursors
from tests.bench.growth.curve import Curve, Growth, Shape
from tests.bench.growth.ground import Ground, between
from tests.bench.subscriber import Subscriber

SIZES = (1, 10, 100, 1000)
HELLOS = 2
SETTLED_S = 0.5  # who is there is told every 0.2 s


async def grow(ground: Ground) -> Growth:
    group = await ground.group("topics")
    channels = list[Channel]()
    hello = Curve("a connection follows all of them", Shape.LINEAR)
    write = Curve("write a post in one of them", Shape.FLAT)
    idle = Curve("an idle second", Shape.LINEAR)
    listing = Curve("list one of the channels", Shape.FLAT)
    for size, added in between(SIZES):
        channels += await ground.channels(group, [f"channel {n}" for n in added])
        async with ground.database.read() as db:
            live = await cursors(db, *(channel.topic for channel in channels))
        hello.points[size] = await ground.cost_us(partial(come_and_go, ground, live), HELLOS)
        follower = await follow(ground, live)
        write.points[size] = await ground.cost_us(ground.writes(channels[0]))
        idle.points[size] = await ground.cost_of_a_second_us()
        follower.close()
        listing.points[size] = await ground.cost_us(
            ground.gets(f"/api/groups/{group.id}/channels?limit=1")
        )
    return Growth("topics followed", [hello, write, idle, listing])


async def follow(ground: Ground, live: Live) -> Subscriber:
    return await (await Subscriber().open(ground.server.port)).follow_all(live, ground.token)


async def come_and_go(ground: Ground, live: Live) -> None:
    (await follow(ground, live)).close()
    await asyncio.sleep(SETTLED_S)
