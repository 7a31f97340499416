"""The feed: the one reader of the log in a worker, which keeps the rule "rights before events".

A look is one snapshot of the topic `rights` and of the topics looked at. It first raises `applied`
and collects whose rights have to be checked, without an await in between. Then it checks them and
sends away whoever has lost a right. Only then does it fill the rings. Nothing but a look fills a
ring, so the head of a ring says: every right that was taken away before this event has been taken
away here.

Whoever wants to join is judged in a snapshot of her own (`judged`). It must not be older than what
is applied, or else somebody judged before a removal could join after it.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import TypeVar

import msgspec

from model.access import readable_topics, readable_topics_of, silences_of
from model.database.row import AnyRow
from model.database.trouble import Away
from model.database.unit_of_work import Database, Transaction
from model.errors import TryAgain
from model.figures import Figures
from model.live.frame import Frame, in_one_frame
from model.live.rights_check import RightsCheck
from model.live.ring import Encoded, Ring, trim_largest
from model.live.subscription import FeedLimits, Joined, Reader, Reset, Subscription, reset_of
from model.live.watch import Watch
from model.log.cursor import TopicHead, events_after, events_between, topic_heads
from model.log.event import RIGHTS_TOPIC, Rights
from model.session import people_of_sessions

log = logging.getLogger(__name__)
T = TypeVar("T")

LOOK_EVERY_S = 0.25  # when no hint comes
STALE_AFTER_S = 5  # without a look that succeeds
_LOOK_AT_MOST = 2000  # events; the rest is looked at next
_REPLAY_CHUNK = 200
_REPLAYS_AT_ONCE = 2  # requests need the database too
_UNTRIMMED = 1 / 64  # of what all rings may have: to add them up takes its time
_PREFILL = 100  # events that a topic is first served with


class Feed:
    """The feed of a worker: its readers, and the rings of the topics that they follow."""

    def __init__(self, database: Database, limits: FeedLimits | None = None) -> None:
        self.database, self.figures = database, Figures()
        self.limits = limits or FeedLimits()
        self.applied = 0  # the last number of `rights` that was judged here
        self.epoch = ""  # when it was opened
        self.readers = set[Reader]()
        self.rings: dict[str, Ring] = {}
        self.unchecked: dict[Reader, str] = {}  # to be judged, and why
        self.watch = Watch(self.limits.watch_every_s)
        self.told: Callable[[Sequence[AnyRow]], None] = lambda _: None  # who follows has events
        self.forgotten = asyncio.Event()  # somebody has deleted what had a log
        self._of_user = defaultdict[int, set[Reader]](set)
        self._subscribers: defaultdict[str, set[Reader]] = defaultdict(set)
        self._moved = set[str]()  # topics whose subscribers have changed
        self._dirty = set[str]()  # topics to look at next
        self._changed = set[str]()  # topics whose ring has changed
        self._grown = 0  # characters that have come since the rings were trimmed together
        self._woken = asyncio.Event()
        self._replaying = asyncio.Semaphore(_REPLAYS_AT_ONCE)
        self.looked_at, self._away = time.monotonic(), Away()  # when a look has succeeded last

    async def open(self) -> None:
        """Begin with the rights as they are now."""
        async with self.database.read_apart() as db:
            head = (await topic_heads(db, RIGHTS_TOPIC))[RIGHTS_TOPIC]
            self.applied, self.epoch = head.seq, head.epoch
            await self.watch.look(db)

    async def run(self) -> None:
        """Look at the topics of hints at once, and at all every 250 ms, for ever."""
        due = time.monotonic() + LOOK_EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(due - time.monotonic()):
                    await self._woken.wait()
            self._woken.clear()
            dirty, self._dirty = self._dirty, set()
            is_full = time.monotonic() >= due
            if is_full:
                due = time.monotonic() + LOOK_EVERY_S
            try:
                await self.look(None if is_full else dirty)
            except Exception as error:  # noqa: BLE001 - the log is told of the first one
                self._away.note(error)
                if self.is_stale:
                    self._send_all_away()
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                self._away.is_over()

    def wake(self, topics: Collection[str] | None) -> None:
        """Look at these topics soon; at all of them for None."""
        served = self.rings.keys() if topics is None else self.rings.keys() & topics
        if served or topics is None or RIGHTS_TOPIC in topics:
            self._dirty.update(served)
            self._woken.set()

    async def look(self, topics: Collection[str] | None = None) -> None:
        """Check rights that were taken away, then fill the rings. None: of all topics."""
        began = time.monotonic()
        served = self.rings if topics is None else self.rings.keys() & topics
        cursors = {topic: self.rings[topic].head for topic in served}
        async with self.database.read_apart(once=topics is not None) as db:
            rows = await events_after(db, {RIGHTS_TOPIC: self.applied, **cursors}, _LOOK_AT_MOST)
            self.collect(row for row in rows if row.topic == RIGHTS_TOPIC)
            notices = await self.watch.look(db) if topics is None else None
        if self.unchecked:
            await self.judge()
        events = [row for row in rows if row.topic != RIGHTS_TOPIC]
        self.fill(events)
        self.told(events)
        if notices is not None:
            self.watch.tell(notices)
        self.looked_at = time.monotonic()
        self.figures.looked(self.looked_at - began)
        if len(rows) == _LOOK_AT_MOST:
            self.wake(topics)

    def collect(self, rows: Iterable[AnyRow]) -> None:
        """Note whose rights have to be checked, by rows of the topic `rights`."""
        for row in rows:
            rights = msgspec.json.decode(row.data, type=Rights)
            if rights.epoch or row.seq > self.applied + 1:  # some are pruned: it stood still
                self._send_all_away()
            self.applied = row.seq
            if rights.epoch:
                self.watch.restart()
            self.watch.withdraw()
            self.watch.tell_again(rights.channels)
            self.unchecked.update(dict.fromkeys(self._concerned(rights), rights.reason))
            if rights.floors:
                self.forgotten.set()
            for topic in self.rings.keys() & rights.floors.keys():
                self.rings[topic].restart(rights.floors[topic])
                self._changed.add(topic)  # its readers are woken when everybody was judged

    def _concerned(self, rights: Rights) -> Iterator[Reader]:
        yield from chain.from_iterable(map(self.readers_of, rights.users))
        yield from chain.from_iterable(map(self.subscribers, rights.topics))
        if rights.sessions:
            yield from (reader for reader in self.readers if reader.session_id in rights.sessions)

    async def judge(self) -> None:
        """Check the readers that are noted, and send away those who have lost a right."""
        checks = [RightsCheck.of(reader, why) for reader, why in self.unchecked.items()]
        topics = defaultdict[int, set[str]](set)
        for check in checks:
            topics[check.reader.user_id].update(check.held)
        async with self.database.read_apart() as db:
            people = await people_of_sessions(db, [check.session_id for check in checks])
            allowed = await readable_topics_of(db, topics)
            silences = await silences_of(db, topics)
        for check in checks:
            reader = check.reader
            if self.unchecked.pop(reader, None) is None:
                continue  # it has left meanwhile
            if check.is_signed_out(people):
                self.leave(reader)
                reader.signed_out()
                continue
            check.silence(silences.get(reader.user_id, {}))
            if check.update_person(people):
                self._moved.update(reader.subscriptions)
            for topic in check.lost(allowed[reader.user_id]):
                self.unsubscribe(reader, topic)
                reader.revoked(topic, check.reason)

    def fill(self, rows: Iterable[AnyRow]) -> None:
        """Put rows of other topics into their rings, and tell who follows them."""
        for row in rows:
            if ring := self.rings.get(row.topic):
                if row.scrubs:
                    ring.scrub(msgspec.json.decode(row.scrubs, type=set[str]))
                if ring.append(event := Encoded.of(row)):
                    self.figures.arrived(row.at)
                self._changed.add(row.topic)
                self._grown += len(event.text)
        for topic in self.rings.keys() & self._changed:
            self.rings[topic].trim(self.limits.ring_events, self.limits.ring_chars)
            self._tell_subscribers(topic)
        self._changed.clear()
        if self._grown > self.limits.worker_chars * _UNTRIMMED:
            self._grown = 0
            trim_largest(self.rings.values(), self.limits.worker_chars)

    def _tell_subscribers(self, topic: str) -> None:
        for reader in self._subscribers[topic]:
            try:
                reader.advanced(topic)
            except Exception:
                log.exception("a live connection failed; it is to come back")
                reader.stop(among=1)

    @property
    def is_stale(self) -> bool:
        return time.monotonic() - self.looked_at > STALE_AFTER_S

    def require_fresh(self) -> None:
        """Raises TryAgain when no look has succeeded for some seconds."""
        if self.is_stale:
            raise TryAgain("log_not_readable", "This worker cannot read the event log just now.")

    async def judged(self, judge: Callable[[Transaction], Awaitable[T]]) -> T:
        """The answer of a snapshot that knows all that is applied. Act on it before you await.

        Raises TryAgain, also when nobody could be told what happens from then on.
        """
        self.require_fresh()
        while True:
            async with self.database.read() as db:
                answer = await judge(db)
                rights = (await topic_heads(db, RIGHTS_TOPIC))[RIGHTS_TOPIC].seq
            if rights >= self.applied:
                return answer

    def join(self, reader: Reader) -> None:
        """Take a reader in, directly after its sign-in was `judged`."""
        self.readers.add(reader)
        self._of_user[reader.user_id].add(reader)

    def readers_of(self, user_id: int) -> Collection[Reader]:
        return self._of_user.get(user_id, ())

    def _send_all_away(self) -> None:
        readers = list(self.readers)
        for reader in readers:
            self.leave(reader)
            reader.stop(among=len(readers))

    def leave(self, reader: Reader) -> None:
        for topic in list(reader.subscriptions):
            self.unsubscribe(reader, topic)
        self.readers.discard(reader)
        self._of_user[reader.user_id].discard(reader)
        if not self._of_user[reader.user_id]:
            del self._of_user[reader.user_id]
        self.watch.leave(reader)
        self.unchecked.pop(reader, None)

    async def subscribe(
        self, reader: Reader, wanted: Mapping[str, int | None], epoch: str | None = None
    ) -> dict[str, Joined | Reset | None]:
        """Follow topics: each from the events after a number, or from now on for None.

        The answer of a topic is None when the reader may not know of it.
        """

        async def judge(db: Transaction) -> tuple[dict[str, TopicHead], dict[str, datetime]]:
            allowed = await readable_topics(db, reader.user_id, wanted)
            if not allowed:
                return {}, {}
            silences = await silences_of(db, {reader.user_id: allowed})
            return await topic_heads(db, *allowed), silences.get(reader.user_id, {})

        found, silences = await self.judged(judge)
        if reader not in self.readers:
            return {}
        outcomes = {
            topic: self._subscribe(reader, topic, found.get(topic), after, epoch)
            for topic, after in wanted.items()
        }
        for topic in silences.keys() & reader.subscriptions.keys():
            reader.subscriptions[topic].silent_until = silences[topic]
        return outcomes

    def unsubscribe(self, reader: Reader, topic: str) -> bool:
        """Follow a topic no longer; whether the reader did."""
        if reader.subscriptions.pop(topic, None) is None:
            return False
        self._subscribers[topic].discard(reader)
        self._moved.add(topic)
        if not self._subscribers[topic]:
            del self._subscribers[topic]
            del self.rings[topic]
        return True

    def subscribers(self, topic: str) -> Collection[Reader]:
        return self._subscribers.get(topic, ())

    def take_moved(self) -> set[str]:
        """The topics whose subscribers have changed since it was last asked."""
        moved, self._moved = self._moved, set()
        return moved

    def frame(self, subscription: Subscription) -> tuple[Frame, int] | None:
        """What is next for a subscription, and its cursor then; None when it has everything.

        Raises LookupError when the subscription is behind the ring and has to `replay`.
        """
        return self.rings[subscription.topic].frame(subscription.cursor)

    def has_more(self, subscription: Subscription) -> bool:
        return subscription.cursor < self.rings[subscription.topic].head

    async def replay(
        self, reader: Reader, subscription: Subscription
    ) -> tuple[Frame, int] | Reset | None:
        """What is next for a subscription from the log; None when its reader may no longer read it.

        It does not go beyond the head of the ring: what comes after may follow a removal that is
        not yet applied.
        """
        topic, after = subscription.topic, subscription.cursor
        if topic not in self.rings:
            return None  # it was unsubscribed meanwhile
        until = self.rings[topic].head
        async with self._replaying, self.database.read() as db:
            if not await readable_topics(db, reader.user_id, [topic]):
                return None
            head = (await topic_heads(db, topic))[topic]
            rows = await events_between(db, topic, after=after, until=until, limit=_REPLAY_CHUNK)
        if after < head.floor or not rows:
            return Reset(head.seq, "retention")
        return in_one_frame([Encoded.of(row).text for row in rows]), rows[-1].seq

    def _subscribe(
        self,
        reader: Reader,
        topic: str,
        head: TopicHead | None,
        after: int | None,
        epoch: str | None,
    ) -> Joined | Reset | None:
        self.unsubscribe(reader, topic)
        if head is None:
            return None
        if reset := reset_of(head, after, epoch, most=self.limits.replay_events):
            return reset
        if topic not in self.rings:
            self.rings[topic] = Ring(max(head.floor, head.seq - _PREFILL, 0), head.seq)
            self.wake([topic])
        self._subscribers[topic].add(reader)
        self._moved.add(topic)
        reader.subscriptions[topic] = Subscription(topic, head.seq if after is None else after)
        reader.wake(topic)
        return Joined(head.seq)
