"""The ring of a topic: shared by all its sockets, bounded whatever they ask."""

import tracemalloc
from types import SimpleNamespace
from typing import Any, cast

from model.database.table import now
from model.database.unit_of_work import Database
from model.live.feed import Feed
from model.live.ring import Encoded, Ring, trim_largest
from model.live.subscription import FeedLimits, Subscription


def row_of(seq: int, text: str, topic: str = "channel:1") -> Any:
    values = {"topic": topic, "seq": seq, "kind": "post.created", "about": f"post:{seq}"}
    data = f'{{"text":"{text}"}}'
    return SimpleNamespace(**values, data=data, at=now(), by=1, tx="t", scrubs=None)


def ring_of(count: int, text: str = "x") -> Ring:
    ring = Ring(0)
    for seq in range(1, count + 1):
        ring.append(Encoded.of(row_of(seq, text)))
    return ring


def test_sockets_at_many_places_do_not_make_it_grow() -> None:
    ring = ring_of(1000, "x" * 2000)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for cursor in range(1000):
            assert ring.frame(cursor)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 4 * ring.size


def test_sockets_at_the_same_place_share_a_frame() -> None:
    ring = ring_of(10)
    first, second = ring.frame(3), ring.frame(3)
    assert first
    assert second
    assert first[0] is second[0]
    assert first[1] == 10


def test_what_is_trimmed_is_behind_the_ring() -> None:
    ring = ring_of(10)
    ring.trim(4, 10**6)
    assert (ring.base, ring.head) == (6, 10)
    ring.trim(4, 0)
    assert (ring.base, ring.head, ring.size) == (10, 10, 0)


def test_after_a_gap_it_begins_anew() -> None:
    ring = ring_of(3)
    later = ring_of(9)._events[8]
    ring.append(later)
    assert (ring.base, ring.head) == (8, 9)


def test_together_they_keep_what_they_may_and_the_smallest_keep_everything() -> None:
    rings = [ring_of(count) for count in (2, 50, 3, 40, 60)]
    small = rings[0].size + rings[2].size
    for max_size in (200_000, small + 100, small, 0):
        trim_largest(rings, max_size)
        assert sum(ring.size for ring in rings) <= max_size
        if max_size >= small:
            assert [len(rings[i]._events) for i in (0, 2)] == [2, 3]
    assert [ring.head for ring in rings] == [2, 50, 3, 40, 60]


def test_a_feed_keeps_about_as_much_as_it_may_and_nothing_of_a_small_ring_goes() -> None:
    most = 100_000
    feed = Feed(cast(Database, None), FeedLimits(worker_chars=most))  # it never looks
    feed.rings = {f"channel:{number}": Ring(0) for number in range(10)}
    feed.fill([row_of(1, "x", topic="channel:0")])
    for seq in range(1, 101):
        feed.fill([row_of(seq, "x" * 1000, topic) for topic in feed.rings if topic != "channel:0"])
        assert sum(ring.size for ring in feed.rings.values()) < most * 1.2
    assert sum(ring.size for ring in feed.rings.values()) > most * 0.8
    assert feed.frame(Subscription("channel:0", 0))
