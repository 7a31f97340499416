"""The ring of a topic: shared by all its sockets, bounded whatever they ask."""

import tracemalloc
from types import SimpleNamespace
from typing import Any

from model.database.table import now
from model.live.ring import Encoded, Ring


def ring_of(count: int, text: str = "x") -> Ring:
    ring = Ring(0)
    for seq in range(1, count + 1):
        values = {"topic": "channel:1", "seq": seq, "kind": "post.created", "about": f"post:{seq}"}
        row: Any = SimpleNamespace(**values, data=f'{{"text":"{text}"}}', at=now(), by=1, tx="t")
        ring.append(Encoded.of(row))
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
