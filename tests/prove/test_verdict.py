"""What counts as lost, twice, out of order and leaked."""

from datetime import UTC, datetime

import msgspec
import pytest

from api.prove.message import Message
from api.prove.record import Place, Record
from api.prove.verdict import Verdict, judge

TOPIC = "channel:1"


def counts(place: Place, head: int) -> tuple[int, int, int, int]:
    return place.lost(head), place.twice, place.out_of_order, place.leaked


@pytest.mark.parametrize(
    ("came", "counted"),
    [
        ([1, 2, 3, 4], (0, 0, 0, 0)),
        ([1, 2, 3], (1, 0, 0, 0)),
        ([], (4, 0, 0, 0)),
        ([1, 2, 2, 3, 4], (0, 1, 0, 0)),
        ([1, 3, 4], (1, 0, 1, 0)),
        ([1, 3, 2, 4], (0, 0, 1, 0)),
        ([1, 4, 2, 3, 3], (0, 1, 1, 0)),
    ],
)
def test_a_place_counts_what_goes_wrong(came: list[int], counted: tuple[int, ...]) -> None:
    place = Place(0)
    for seq in came:
        place.take(seq)
    assert counts(place, head=4) == counted


def test_only_what_was_written_after_the_removal_is_leaked_and_nothing_is_owed() -> None:
    place = Place(0)
    place.take(1)
    assert place.bar(2)
    assert not place.bar(9)
    place.take(2)
    place.take(3)
    assert counts(place, head=9) == (0, 0, 0, 1)


def test_what_comes_before_a_subscription_is_answered_is_of_the_one_before() -> None:
    place = Place(5, awaited="again")
    place.take(3)
    place.take(9)
    assert (place.cursor, *counts(place, head=5)) == (5, 0, 0, 0, 0)


def verdict_of(record: Record, *places: Place) -> Verdict:
    clients = {f"client {number}": {TOPIC: place} for number, place in enumerate(places)}
    return judge(record, clients, {TOPIC: 0}, {TOPIC: 2})


def created(seq: int, post_id: int) -> Message:
    data = msgspec.Raw(msgspec.json.encode({"id": post_id}))
    return Message("event", None, TOPIC, seq, "post.created", data, datetime.now(UTC))


@pytest.mark.parametrize(
    ("acknowledged", "logged", "lost", "twice"),
    [
        ([7, 8], [7, 8], 0, 0),
        ([7, 8, 9], [7, 8], 2, 0),  # two clients should have it
        ([7], [7, 8], 0, 1),
        ([7], [7, 7], 0, 1),
    ],
)
def test_acknowledged_posts_and_events_belong_together_one_to_one(
    acknowledged: list[int], logged: list[int], lost: int, twice: int
) -> None:
    record = Record(acknowledged=dict.fromkeys(acknowledged, TOPIC))
    for seq, post_id in enumerate(logged, 1):
        record.note(created(seq, post_id), 0.0, is_live=False)
    verdict = verdict_of(record, Place(2), Place(2))
    assert (verdict.lost, verdict.twice) == (lost, twice)
    assert verdict.is_kept == (lost == twice == 0)


def test_the_same_number_shows_everybody_the_same() -> None:
    record = Record()
    record.note(created(1, 7), 0.0, is_live=False)
    record.note(created(1, 7), 0.0, is_live=False)
    assert record.differing == 0
    record.note(created(1, 8), 0.0, is_live=False)
    assert record.differing == 1
    assert not verdict_of(record, Place(2)).is_kept


def test_what_nobody_was_shown_is_not_counted_twice_as_lost() -> None:
    record = Record(acknowledged={7: TOPIC, 8: TOPIC})
    record.note(created(1, 7), 0.0, is_live=False)
    assert verdict_of(record, Place(1)).lost == 1
