"""What is new costs those whom it concerns, however many others there are."""

from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest

from api.context import Services
from api.live.commands import has_too_many, subscribe
from api.live.connection import Connection
from api.live.protocol import ServerPing
from model.channel import Kind, create_channel, edit_channel, find_channel
from model.database.unit_of_work import Transaction
from model.group import Group, Role, add_member, find_group
from model.live.feed import Feed
from model.live.presence import Presence
from model.live.subscription import Subscription
from model.log.cursor import events_after
from model.log.event import RIGHTS_TOPIC, Rights, judge_again
from model.session import find_caller, open_session
from model.user import Caller, create_user
from tests.live.test_pushing import Publisher, Taker, rows_of
from tests.support.cast import Cast
from tests.test_statements import counted

FEW, MANY = 2, 60

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often it was looked for what is next for a subscription, by topic."""
    found = Counter[str]()
    events, presence = Feed.frame, Presence.frame

    def counted_events(self: Feed, subscription: Subscription) -> Any:
        found[subscription.topic] += 1
        return events(self, subscription)

    def counted_presence(self: Presence, subscription: Subscription) -> Any:
        found[subscription.topic] += 1
        return presence(self, subscription)

    monkeypatch.setattr(Feed, "frame", counted_events)
    monkeypatch.setattr(Presence, "frame", counted_presence)
    return found


def refuse(frame: bytes) -> bool:
    """As a connection does on which something else is on its way."""
    del frame
    return False


class Reader:
    """Of the feed; it counts how often it was asked who it is."""

    asked, is_shown = 0, True

    def __init__(self, caller: Caller) -> None:
        self.user_id, self.session_id, self.person = caller.id, caller.session_id, caller.person
        self.subscriptions: dict[str, Subscription] = {}
        self.lost: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        Reader.asked += name in {"user_id", "session_id"}
        return super().__getattribute__(name)

    def revoked(self, topic: str, reason: str) -> None:
        del reason
        self.lost.append(topic)

    def wake(self, topic: str | None = None) -> None: ...
    def advanced(self, topic: str) -> None: ...
    def stop(self, among: int) -> None: ...
    def signed_out(self) -> None: ...
    def signalled(self, signals: object) -> None: ...


async def ann_and_her_group(db: Transaction, people: Cast) -> tuple[Caller, Group]:
    ann = await find_caller(db, people.ann.token or "")
    assert ann
    return ann, await find_group(db, people.group["id"], reader=ann)


async def members(db: Transaction, group: Group, count: int) -> list[Caller]:
    found = []
    for n in range(count):
        user = await create_user(db, f"member{n}", "Member", "-")
        await add_member(db, replace(group, role=Role.MEMBER), user)
        found.append(await find_caller(db, (await open_session(db, user, "tests")).token))
    return cast(list[Caller], found)


async def test_a_connection_looks_where_something_is_new_and_not_in_all_that_it_follows(
    people: Cast, services: Services, looks: Counter[str]
) -> None:
    async with services.database.write() as db:
        ann, group = await ann_and_her_group(db, people)
        channels = [
            await create_channel(db, group, f"{n}", "", Kind.OPEN, by=ann) for n in range(MANY)
        ]
    topics = [channel.topic for channel in channels]
    feed = Feed(services.database)  # which looks only when it is told to
    served = replace(services, feed=feed, presence=Presence(feed, services.bus, services.worker))
    bob, publisher = Taker(served, push=refuse), Publisher(served, topics[MANY // 2])
    await bob.follow(publisher.topic, people.bob.token or "")
    await subscribe(dict.fromkeys(topics), None, None, bob.connection)
    await bob.until("subscribed")
    looks.clear()
    feed.fill(await rows_of(publisher))
    await bob.until("event")
    bob.connection.put(ServerPing())
    await bob.until("ping")
    await bob.end()
    assert looks.keys() == {publisher.topic}


async def test_those_who_follow_a_channel_that_becomes_private_are_judged_together(
    people: Cast, services: Services
) -> None:
    costs = []
    async with services.database.write() as db:
        ann, group = await ann_and_her_group(db, people)
        callers = await members(db, group, MANY)
    for count in (FEW, MANY):
        feed = Feed(services.database)
        await feed.open()
        async with services.database.write() as db:
            channel = await create_channel(db, group, f"{count}", "", Kind.OPEN, by=ann)
        readers = [Reader(caller) for caller in callers[:count]]
        for reader in readers:
            feed.join(reader)
            await feed.subscribe(reader, {channel.topic: None, group.topic: None})
        async with services.database.write() as db:
            found = await find_channel(db, channel.id, reader=ann)
            await edit_channel(db, found, by=ann, kind=Kind.PRIVATE)
        with counted() as statements:
            await feed.look()
        assert [reader.lost for reader in readers] == [[channel.topic]] * count
        costs.append(len(statements))
    assert costs[0] == costs[1] > 2


async def test_nobody_else_is_asked_when_one_person_comes_or_loses_a_right(
    people: Cast, services: Services
) -> None:
    async with services.database.write() as db:
        judge_again(db, Rights(users=[people.bob.id]))
        bob = await find_caller(db, people.bob.token or "")
        _, group = await ann_and_her_group(db, people)
        others = await members(db, group, MANY)
    assert bob
    async with services.database.read() as db:
        rows = await events_after(db, {RIGHTS_TOPIC: services.feed.applied - 1}, 1)
    feed = Feed(services.database)
    feed.applied = rows[0].seq - 1
    client = Connection(services)
    client.feed = feed
    is_bob = Reader(bob)
    for reader in (is_bob, *map(Reader, others)):
        feed.join(reader)
    Reader.asked = 0
    feed.collect(rows)
    assert not has_too_many(bob, client)
    assert Reader.asked == 0
    assert feed.unchecked.keys() == {is_bob}
    feed.leave(is_bob)
    assert not feed.readers_of(bob.id)
    assert len(feed.readers) == MANY
