"""The subscribers of a topic: each is sent every event."""

from tests.bench.growth.curve import Curve, Growth, Shape
from tests.bench.growth.ground import Ground, between, in_turns
from tests.bench.subscriber import Frames, Subscriber

SIZES = (10, 30, 100, 300, 1000)
POSTS = 10


async def grow(ground: Ground) -> Growth:
    group = await ground.group("subscribers")
    channel, other = await ground.channels(group, ["followed", "not followed"])
    sent = Curve("write a post, sent to all of them", Shape.LINEAR)
    unsent = Curve("write a post in another channel", Shape.FLAT)
    idle = Curve("an idle second", Shape.FLAT)
    shared, sockets = Frames(), list[Subscriber]()

    async def follow() -> Subscriber:
        socket = await Subscriber(shared).open(ground.server.port)
        return await socket.follow(channel.topic, ground.token)

    for size, added in between(SIZES):
        sockets += await in_turns([follow() for _ in added])
        sent.points[size] = await ground.cost_us(ground.sends(channel, sockets), POSTS)
        unsent.points[size] = await ground.cost_us(ground.writes(other))
        idle.points[size] = await ground.cost_of_a_second_us()
    for socket in sockets:
        socket.close()
    return Growth("subscribers of a topic", [sent, unsent, idle])
