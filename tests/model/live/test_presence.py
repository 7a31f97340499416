"""The union of what workers say, with lost datagrams, silent workers and a clock of our own."""

from collections.abc import Mapping

import msgspec

from model.live.bus import Bus
from model.live.ephemeral import Attendance, PresenceMessage, WorkerId
from model.live.presence import (
    EXPIRE_S,
    LINGER_S,
    PART_BYTES,
    RENEW_S,
    Presence,
    in_parts,
    together,
)
from model.live.subscription import Reader, Subscription
from model.user import PersonView

CLASS = "group:1"
THIS = WorkerId("here", "one start", 0)


def named(user_id: int) -> PersonView:
    return {"id": user_id, "name": f"Number {user_id}", "avatar": None}


class Following:
    """A reader that follows the class."""

    session_id, is_shown = 1, True

    def __init__(self, user_id: int) -> None:
        self.user_id, self.person = user_id, named(user_id)
        self.subscription = Subscription(CLASS, 0)
        self.subscriptions = {CLASS: self.subscription}

    def wake(self, topic: str | None = None) -> None: ...
    def advanced(self, topic: str) -> None: ...
    def stop(self, among: int) -> None: ...
    def revoked(self, topic: str, reason: str) -> None: ...
    def signed_out(self) -> None: ...
    def signalled(self, signals: Mapping[tuple[str, str, str], str]) -> None: ...


class Worker:
    """With its readers, and what it shows the first of them."""

    def __init__(self, number: int, *user_ids: int) -> None:
        self.readers = [Following(user_id) for user_id in user_ids]
        self.has_moved = True
        self.presence = Presence(self, Bus(), THIS.numbered(number))

    def subscribers(self, topic: str) -> list[Reader]:
        return list(self.readers) if topic == CLASS else []

    def take_moved(self) -> set[str]:
        moved, self.has_moved = ({CLASS} if self.has_moved else set()), False
        return moved

    def now_serves(self, *user_ids: int) -> None:
        kept = [reader for reader in self.readers if reader.user_id in user_ids]
        there = {reader.user_id for reader in kept}
        self.readers = kept + [Following(user_id) for user_id in user_ids if user_id not in there]
        self.has_moved = True

    def hears(self, parts: list[Attendance], moment: float) -> None:
        for part in parts:
            self.presence.take(part, moment)

    def frame(self) -> PresenceMessage | None:
        frame = self.presence.frame(self.readers[0].subscription)
        return msgspec.json.decode(frame.text, type=PresenceMessage) if frame else None

    def there(self) -> set[int]:
        greeted = Following(self.readers[0].user_id)
        return {view["id"] for view in self.presence.greet(greeted, greeted.subscription)}


def test_who_is_there_is_the_union_of_all_workers() -> None:
    one, two = Worker(1, 1, 2), Worker(2, 2, 3)
    one.presence.update(0)
    one.hears(two.presence.update(0), 0)
    one.presence.update(0.2)
    assert one.there() == {1, 2, 3}


def test_a_change_is_shown_once_and_whoever_missed_one_gets_everybody() -> None:
    one = Worker(1, 1, 2)
    one.presence.update(0)
    assert one.frame() == PresenceMessage(CLASS, joined=[named(1), named(2)])
    assert one.frame() is None
    one.now_serves(1, 2, 3)
    one.presence.update(1)
    assert one.frame() == PresenceMessage(CLASS, joined=[named(3)])
    for number in (4, 5):
        one.now_serves(1, 2, 3, number)
        one.presence.update(number)
    assert one.frame() == PresenceMessage(CLASS, present=[named(n) for n in (1, 2, 3, 4, 5)])


def test_who_came_and_went_between_two_turns_is_no_ghost() -> None:
    one = Worker(1, 1)
    one.presence.update(0)
    one.now_serves(1, 2)
    one.now_serves(1, 2, 3)
    assert one.there() == {1}, "who is not yet in the room could not be seen leaving it"
    one.now_serves(1, 3)
    one.presence.update(0.2)
    assert one.there() == {1, 3}


def test_who_goes_lingers_and_who_comes_back_never_left() -> None:
    one = Worker(1, 1, 2)
    one.presence.update(0)
    one.frame()
    one.now_serves(1)
    one.presence.update(1)
    one.now_serves(1, 2)
    one.presence.update(1 + LINGER_S)
    assert one.frame() is None
    one.now_serves(1)
    one.presence.update(20)
    one.presence.update(19.9 + LINGER_S)
    assert one.frame() is None
    one.presence.update(20 + LINGER_S)
    assert one.frame() == PresenceMessage(CLASS, left=[2])


def test_the_people_of_a_silent_worker_leave_and_those_of_a_dead_one_sooner() -> None:
    one, two = Worker(1, 1), Worker(2, 2)
    one.presence.update(0)
    one.hears(two.presence.update(0), 0)
    one.presence.update(EXPIRE_S)
    one.presence.update(EXPIRE_S + LINGER_S)
    assert one.there() == {1, 2}, "its set still counted"
    one.presence.update(EXPIRE_S + LINGER_S + 1)
    one.presence.update(EXPIRE_S + LINGER_S + 1 + LINGER_S)
    assert one.there() == {1}
    one.hears(two.presence.update(100), 100)
    one.presence.update(100)
    one.presence.ended(THIS.numbered(2))
    one.presence.update(101)
    one.presence.update(101 + LINGER_S)
    assert one.there() == {1}


def test_a_lost_datagram_is_made_good_by_the_next() -> None:
    one, two = Worker(1, 1), Worker(2, 2)
    one.presence.update(0)
    two.presence.update(0)  # lost
    assert two.presence.update(RENEW_S - 0.1) == []
    one.hears(two.presence.update(RENEW_S), RENEW_S)
    one.presence.update(RENEW_S)
    assert one.there() == {1, 2}


def test_a_set_in_parts_counts_only_when_it_is_whole() -> None:
    one, two = Worker(1, 1), Worker(2, *range(2, 1500))
    one.presence.update(0)
    parts = two.presence.update(0)
    assert len(parts) > 1
    assert all(len(msgspec.json.encode(part)) < 2 * PART_BYTES for part in parts)
    one.hears(parts[1:], 0)
    one.presence.update(1)
    assert one.there() == {1}
    one.hears(parts[:1], 1)
    one.presence.update(2)
    assert one.there() == set(range(1, 1500))


def test_a_worker_that_has_just_started_is_told_at_once() -> None:
    one, two = Worker(1, 1), Worker(2, 2)
    one.presence.update(0)
    assert one.presence.update(1) == []
    one.hears(two.presence.update(1), 1)
    two.hears(one.presence.update(1.2), 1.2)
    two.presence.update(1.4)
    assert two.there() == {1, 2}


def test_what_a_worker_said_before_it_was_replaced_does_not_count() -> None:
    one, before, after = Worker(1, 1), Worker(2, 2), Worker(2, 3)
    late = before.presence.update(0)
    one.presence.update(0)
    one.hears(after.presence.update(0), 0)
    one.hears(late, 0)
    one.presence.update(1)
    assert one.there() == {1, 3}


def test_parts_together_are_the_whole() -> None:
    whole = {f"group:{n}": {u: named(u) for u in range(n, n + 40)} for n in range(1, 60)}
    parts = in_parts(whole)
    told = [
        Attendance(THIS, 1, 1, part, len(parts), people, topics)
        for part, (people, topics) in enumerate(parts)
    ]
    assert together(told) == whole
    assert len(in_parts({})) == 1
