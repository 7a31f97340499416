"""The members of a group: each is there, and follows its one channel."""

import asyncio
from collections.abc import Iterator
from functools import partial

from tests.bench.growth.curve import Curve, Growth, Shape
from tests.bench.growth.ground import TRIES, Ground, Person, between, in_turns
from tests.bench.subscriber import Frames, Subscriber

SIZES = (1, 5, 20, 100, 500)
POSTS = 10
SETTLED_S = 0.5  # those who come within 0.2 s are told together


async def grow(ground: Ground) -> Growth:
    group = await ground.group("members")
    (channel, quiet) = await ground.channels(group, ["of all", "that nobody follows"])
    write = Curve("write a post, sent to all of them", Shape.LINEAR)
    silent = Curve("write a post that nobody follows", Shape.FLAT)
    channels = Curve("list one channel", Shape.FLAT)
    members = Curve("list one member", Shape.FLAT)
    idle = Curve("an idle second", Shape.LINEAR)
    coming = Curve("one more comes, and all are told", Shape.LINEAR)
    shared, sockets = Frames(), list[Subscriber]()

    async def follow(token: str) -> Subscriber:
        socket = await Subscriber(shared).open(ground.server.port)
        return await socket.follow(channel.topic, token)

    async def come(comers: Iterator[Person]) -> None:
        sockets.append(await follow(next(comers).token))
        await asyncio.sleep(SETTLED_S)

    for size, added in between(SIZES):
        people = await ground.members(group, [f"member{n}" for n in added])
        sockets += await in_turns([follow(person.token) for person in people])
        await asyncio.sleep(SETTLED_S)
        write.points[size] = await ground.cost_us(ground.sends(channel, sockets), POSTS)
        silent.points[size] = await ground.cost_us(ground.writes(quiet))
        path = f"/api/groups/{group.id}"
        channels.points[size] = await ground.cost_us(ground.gets(f"{path}/channels?limit=1"))
        members.points[size] = await ground.cost_us(ground.gets(f"{path}/members?limit=1"))
        idle.points[size] = await ground.cost_of_a_second_us()
        comers = iter(await ground.members(group, [f"comer{size}-{n}" for n in range(TRIES)]))
        coming.points[size] = await ground.cost_us(partial(come, comers), times=1)
    for socket in sockets:
        socket.close()
    return Growth("members of a group, all there", [write, silent, channels, members, idle, coming])
