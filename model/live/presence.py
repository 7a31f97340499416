"""Presence: who follows which topic, on all workers together. Nothing of it is stored.

Each worker tells the others its whole set, every 5 s and when it has changed, so that a lost
message is made good by the next. Who is there is the union of all sets. The set of a worker that
is not renewed for 12 s no longer counts, nor does that of a worker that ends, as it says itself or
its supervisor. Whoever is in no set any more is shown for another 10 s: a reload or a restart is no
farewell.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from model.live.bus import Bus
from model.live.ephemeral import Attendance, PresenceMessage, WorkerId, encode
from model.live.frame import Frame
from model.live.subscription import Reader, Subscription
from model.user import PersonView

log = logging.getLogger(__name__)

_TOGETHER_S = 0.2  # changes within it are told together
RENEW_S = 5
EXPIRE_S = 12
LINGER_S = 10
PART_BYTES = 32 * 1024
_PAUSE_S = 0.01  # between parts: a socket's queue may be as short as ten datagrams

People = dict[int, PersonView]


@dataclass
class Room:
    """What the readers of a topic are shown; `version` grows with each `change`."""

    people: People = field(default_factory=dict)
    absent_since: dict[int, float] = field(default_factory=dict)
    version: int = 0
    change: Frame | None = None


@dataclass
class Others:
    """The people of another worker; `parts` are those of a newer set that is not whole yet."""

    start: int
    renewed_at: float = 0.0
    number: int = 0
    topics: dict[str, People] = field(default_factory=dict)
    parts: dict[int, Attendance] = field(default_factory=dict)


class Followed(Protocol):
    """What presence needs to know of the feed."""

    def subscribers(self, topic: str) -> Collection[Reader]: ...
    def take_moved(self) -> set[str]: ...


class Presence:
    def __init__(self, feed: Followed, bus: Bus, worker: WorkerId) -> None:
        self._feed, self._bus, self._worker = feed, bus, worker
        self._start = time.monotonic_ns()
        self._number = 0
        self._own: dict[str, People] = {}
        self._others: dict[WorkerId, Others] = {}
        self._rooms: dict[str, Room] = {}
        self._changed: set[str] = set()
        self._renew_at = 0.0

    async def run(self) -> None:
        while True:
            try:
                for part in self.update(time.monotonic()):
                    self._bus.tell([part])
                    await asyncio.sleep(_PAUSE_S)
            except Exception:
                log.exception("who is there was not told; it is told again")
            await asyncio.sleep(_TOGETHER_S)

    def update(self, moment: float) -> list[Attendance]:
        """Take over what has changed, and return what the other workers have to be told."""
        moved = {topic for topic in self._feed.take_moved() if is_shared(topic)}
        for topic in moved:
            readers = [one for one in self._feed.subscribers(topic) if one.is_shown]
            self._own[topic] = {reader.user_id: reader.person for reader in readers}
            if not readers:
                del self._own[topic]
        for worker, others in list(self._others.items()):
            if moment - others.renewed_at > EXPIRE_S:
                self.ended(worker)
        lingering = {topic for topic, room in self._rooms.items() if room.absent_since}
        changed, self._changed = self._changed | moved | lingering, set()
        for topic in changed:
            self._refresh(topic, moment)
        if not moved and moment < self._renew_at:
            return []
        self._renew_at = moment + RENEW_S
        self._number += 1
        parts = in_parts(self._own)
        return [
            Attendance(self._worker, self._start, self._number, part, len(parts), people, topics)
            for part, (people, topics) in enumerate(parts)
        ]

    def greet(self, reader: Reader, subscription: Subscription) -> list[PersonView]:
        """Who is there, for a reader that has just joined. What changes then comes as `frame`.

        Others who came since the last turn are left out: who is not in the room cannot leave it.
        """
        topic = subscription.topic
        if not is_shared(topic):
            return []
        if topic not in self._rooms:
            self._refresh(topic, time.monotonic())
        room = self._rooms[topic]
        subscription.presence = room.version
        own = {reader.user_id: reader.person} if reader.is_shown else {}
        return list((room.people | own).values())

    def frame(self, subscription: Subscription) -> Frame | None:
        """What has changed for a subscription; everybody who is there, if it missed a change."""
        topic, seen = subscription.topic, subscription.presence
        room = self._rooms.get(topic)
        if room is None or seen == room.version:
            return None
        subscription.presence = room.version
        if seen == room.version - 1:
            return room.change
        return Frame(encode(PresenceMessage(topic, present=list(room.people.values()))))

    def tell_all(self) -> None:
        """Tell the other workers everybody with the next turn: some may have heard nothing."""
        self._renew_at = 0.0

    def take(self, told: Attendance, moment: float) -> None:
        """Take over what another worker says of itself."""
        others = self._others.get(told.worker)
        if others is None or others.start < told.start:
            self._renew_at = moment  # a new one does not know our people
            before = others.topics if others else {}
            others = self._others[told.worker] = Others(told.start, topics=before)
        if others.start > told.start or others.number >= told.number:
            return
        others.renewed_at = moment
        others.parts = {n: p for n, p in others.parts.items() if p.number == told.number}
        others.parts[told.part] = told
        if len(others.parts) == told.parts:
            before, others.topics = others.topics, together(others.parts.values())
            others.number, others.parts = told.number, {}
            self._changed |= {
                topic
                for topic in before.keys() | others.topics.keys()
                if before.get(topic) != others.topics.get(topic)
            }

    def ended(self, worker: WorkerId) -> None:
        """Forget the people of another worker."""
        if others := self._others.pop(worker, None):
            self._changed |= others.topics.keys()

    def _refresh(self, topic: str, moment: float) -> None:
        readers = self._feed.subscribers(topic)
        if not readers:
            self._rooms.pop(topic, None)
            return
        room = self._rooms.setdefault(topic, Room())
        here = self._here(topic)
        for user_id in room.people.keys() - here.keys():
            room.absent_since.setdefault(user_id, moment)
        for user_id in room.absent_since.keys() & here.keys():
            del room.absent_since[user_id]
        left = [
            user_id for user_id, since in room.absent_since.items() if moment - since >= LINGER_S
        ]
        arrived = [view for user_id, view in here.items() if room.people.get(user_id) != view]
        if not left and not arrived:
            return
        for user_id in left:
            del room.people[user_id], room.absent_since[user_id]
        room.people |= here
        room.version += 1
        room.change = Frame(encode(PresenceMessage(topic, joined=arrived, left=left)))
        for reader in readers:
            reader.wake(topic)

    def _here(self, topic: str) -> People:
        here = dict(self._own.get(topic, {}))
        for others in self._others.values():
            here |= others.topics.get(topic, {})
        return here


def is_shared(topic: str) -> bool:
    """Whether others can follow the topic. Only the person herself reads her own."""
    return not topic.startswith("user:")


Part = tuple[list[PersonView], dict[str, list[int]]]


def in_parts(whole: dict[str, People]) -> list[Part]:
    """A set of people in parts that each fit into a datagram; at least one."""
    parts: list[Part] = [([], {})]
    size, named = 0, set[int]()
    for topic, people in whole.items():
        for user_id, view in people.items():
            if size > PART_BYTES:
                parts.append(([], {}))
                size, named = 0, set()
            views, topics = parts[-1]
            if topic not in topics:
                size += len(topic) + 5
                topics[topic] = []
            if user_id not in named:
                size += len(msgspec.json.encode(view)) + 1
                named.add(user_id)
                views.append(view)
            size += len(str(user_id)) + 1
            topics[topic].append(user_id)
    return parts


def together(parts: Iterable[Attendance]) -> dict[str, People]:
    """The set of people that was told in parts."""
    whole: dict[str, People] = {}
    for part in parts:
        people = {view["id"]: view for view in part.people}
        for topic, user_ids in part.topics.items():
            whole.setdefault(topic, {}).update({id_: people[id_] for id_ in user_ids})
    return whole
