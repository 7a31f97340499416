"""The rule "rights before events" under random interleavings, and six ways to break it.

ann writes into a private channel; bob is let in and taken out again, and comes and goes. A leak:
bob gets a post although at no moment from its commit to its delivery he had the right. A grant
counts from the beginning of its commit and a removal from its end, so that what is counted as a
leak is one.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from model.channel import Channel, find_channel
from model.channel_member import add_channel_member, remove_channel_member
from model.database.unit_of_work import Database, Transaction
from model.live.ephemeral import NewestMessage
from model.live.feed import Feed
from model.live.frame import Frame
from model.live.subscription import FeedLimits, Joined, Subscription
from model.log.cursor import topic_heads
from model.log.event import write_events
from model.post import write_post
from model.user import Caller
from tests.live.broken_feeds import (
    DeliversInProcess,
    LooksOnlyOnce,
    PushesBeforeJudging,
    RaisesLate,
    ReplaysPastTheHead,
    TellsWhoOnceCould,
)
from tests.support.people import private_channel

ROUNDS = 10
BROKEN_ROUNDS = 150
STEPS = 40


async def pause() -> None:
    for _ in range(random.choice((0, 0, 1, 2, 5, 12, 30))):
        await asyncio.sleep(0)


class PausingDatabase(Database):
    """Others are heard before and after each snapshot."""

    @asynccontextmanager
    async def read(self, *, once: bool = False) -> AsyncIterator[Transaction]:
        await pause()
        async with super().read(once=once) as db:
            yield db
            await pause()
        await pause()


@dataclass
class World:
    database: Database
    ann: Caller
    bob: Caller
    channel: Channel
    moments: list[bool] = field(default_factory=lambda: [False])  # whether bob has the right
    written_at: dict[int, int] = field(default_factory=dict)  # post: the moment of its commit
    is_member: bool = False
    order: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def moment(self) -> int:
        return len(self.moments) - 1

    def had_the_right(self, post_id: int) -> bool:
        return any(self.moments[self.written_at.get(post_id, self.moment) :])

    async def write(self) -> None:
        async with self.order:
            began = self.moment
            async with self.database.write() as db:
                channel = await find_channel(db, self.channel.id, reader=self.ann)
                post = await write_post(db, channel, "secret", by=self.ann)
                self.written_at[post["id"]] = began

    async def turn(self) -> None:
        """Let bob in, or take him out."""
        async with self.order:
            if not self.is_member:
                self.moments.append(True)
            change = remove_channel_member if self.is_member else add_channel_member
            async with self.database.write() as db:
                channel = await find_channel(db, self.channel.id, reader=self.ann)
                await change(db, channel, self.bob.id, by=self.ann)
            self.is_member = not self.is_member
            if not self.is_member:
                self.moments.append(False)


class Socket:
    """Bob's: a `Reader` of the feed that notes what it was given, and whether it had the right."""

    def __init__(self, world: World, feed: Feed) -> None:
        self.world, self.feed = world, feed
        self.user_id, self.session_id = world.bob.id, world.bob.session_id
        self.person, self.is_shown = world.bob.person, True
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries = self.notices = self.leaks = 0

    def signalled(self, signals: object) -> None:
        """Nobody signals here."""

    def wake(self, topic: str | None = None) -> None:
        pass

    def advanced(self, topic: str) -> None:
        """What a look has found is taken at once, unless it has to be replayed."""
        subscription = self.subscriptions[topic]
        with suppress(LookupError):
            if found := self.feed.frame(subscription):
                self.deliver(subscription, found)

    def revoked(self, topic: str, reason: str) -> None:
        pass

    def stop(self, among: int) -> None:
        raise AssertionError(f"{among} were sent away")

    def signed_out(self) -> None:
        pass

    async def come_and_go(self) -> None:
        topic = self.world.channel.topic
        self.feed.join(self)
        async with self.world.database.read() as db:
            head = (await topic_heads(db, topic))[topic].seq
        after = max(0, head - random.randrange(4))
        outcome = (await self.feed.subscribe(self, {topic: after})).get(topic)
        if isinstance(outcome, Joined):
            for _ in range(random.randrange(12)):
                await pause()
                await self.take(topic)
        self.feed.leave(self)

    async def take(self, topic: str) -> None:
        subscription = self.subscriptions.get(topic)
        if subscription is None:
            return
        try:
            found: Any = self.feed.frame(subscription)
        except LookupError:
            found = await self.feed.replay(self, subscription)
            if self.subscriptions.get(topic) is not subscription:
                return
        if isinstance(found, tuple):
            self.deliver(subscription, found)

    def deliver(self, subscription: Subscription, found: tuple[Frame, int]) -> None:
        frame, subscription.cursor = found
        messages = msgspec.json.decode(frame.text)
        for message in messages if isinstance(messages, list) else [messages]:
            self.note(message["data"]["id"])
            self.deliveries += 1

    def note(self, post_id: int) -> None:
        self.leaks += not self.world.had_the_right(post_id)


class Watcher(Socket):
    """Follows nothing, and watches."""

    async def come_and_go(self) -> None:
        self.feed.join(self)
        self.feed.watch.join(self)
        for _ in range(random.randrange(12)):
            await pause()
            if frame := self.feed.watch.take(self):
                for channels in msgspec.json.decode(frame.text, type=NewestMessage).groups.values():
                    self.note(*channels.values())
                    self.notices += 1
        self.feed.leave(self)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    database = PausingDatabase(database_url, before_commit=write_events, synchronous="OFF")
    async with database.write() as db:
        ann, bob, channel = await private_channel(db)
    yield World(database, ann, bob, channel)
    await database.close()


async def play(world: World, kind: type[Feed]) -> tuple[int, int, int]:
    """One round on one feed: deliveries, notices of who watches, and leaks."""
    feed = kind(world.database, FeedLimits(ring_events=3, watch_every_s=0))
    world.database.committed = feed.wake
    await feed.open()
    sockets = [*(Socket(world, feed) for _ in range(6)), Watcher(world, feed)]
    is_over = False

    async def looks() -> None:
        while not is_over:
            await feed.look()
            await pause()

    async def visits(socket: Socket) -> None:
        while not is_over:
            await socket.come_and_go()
            await pause()

    background = [asyncio.create_task(looks()), *(asyncio.create_task(visits(s)) for s in sockets)]
    for _ in range(STEPS):
        await pause()
        await (world.turn() if random.random() < 0.4 else world.write())
    is_over = True
    await asyncio.gather(*background, *getattr(feed, "tasks", ()))
    return (
        sum(s.deliveries for s in sockets),
        sum(s.notices for s in sockets),
        sum(s.leaks for s in sockets),
    )


async def test_nobody_gets_what_he_never_had_the_right_to(world: World) -> None:
    deliveries = notices = 0
    for seed in range(ROUNDS):
        random.seed(seed)
        delivered, noticed, leaks = await play(world, Feed)
        assert leaks == 0, f"seed {seed}"
        deliveries, notices = deliveries + delivered, notices + noticed
    assert deliveries > ROUNDS
    assert notices > ROUNDS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "broken",
    [
        DeliversInProcess,
        LooksOnlyOnce,
        PushesBeforeJudging,
        RaisesLate,
        ReplaysPastTheHead,
        TellsWhoOnceCould,
    ],
)
async def test_each_breakage_of_the_rule_leaks(world: World, broken: type[Feed]) -> None:
    for seed in range(BROKEN_ROUNDS):
        random.seed(seed)
        *_, leaks = await play(world, broken)
        if leaks:
            return
    pytest.fail(f"{BROKEN_ROUNDS} rounds without a leak: the test cannot see this breakage")
