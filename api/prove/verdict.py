"""The promise in numbers: what every client should have, against what it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.prove.record import Place, Record

MAX_FINDINGS = 10

Places = Mapping[str, Mapping[str, Place]]  # by client and topic
Heads = Mapping[str, int]


@dataclass(frozen=True)
class Verdict:
    """The counts of a run. All but `events` count deliveries, each to one client."""

    events: int
    lost: int
    twice: int
    out_of_order: int
    leaked: int
    findings: Sequence[str]

    @property
    def is_kept(self) -> bool:
        return not (self.lost or self.twice or self.out_of_order or self.leaked)


def total(verdicts: Sequence[Verdict]) -> Verdict:
    return Verdict(
        events=sum(verdict.events for verdict in verdicts),
        lost=sum(verdict.lost for verdict in verdicts),
        twice=sum(verdict.twice for verdict in verdicts),
        out_of_order=sum(verdict.out_of_order for verdict in verdicts),
        leaked=sum(verdict.leaked for verdict in verdicts),
        findings=[finding for verdict in verdicts for finding in verdict.findings],
    )


def judge(record: Record, clients: Places, start: Heads, heads: Heads) -> Verdict:
    """Compare the record with what clients have; meanwhile topics went from `start` to `heads`."""
    places = [place for of in clients.values() for place in of.values()]
    without_event = acknowledged_without_event(record, start, heads)
    readers = {
        topic: sum(of[topic].barred_behind is None for of in clients.values()) for topic in heads
    }
    unlogged = sum(count * readers[topic] for topic, count in without_event.items())
    written_twice = sum(record.posts.values()) - len(record.posts.keys() & record.acknowledged)
    findings = [
        *wrong_places(clients, heads),
        *(f"{topic}: {n} acknowledged posts have no event" for topic, n in without_event.items()),
    ]
    if written_twice:
        findings.append(f"{written_twice} events are of posts that were written twice")
    if record.differing:
        findings.append(f"{record.differing} events differ from what others got by their number")
    return Verdict(
        events=sum(heads[topic] - start[topic] for topic in heads),
        lost=sum(of[topic].lost(heads[topic]) for of in clients.values() for topic in of)
        + unlogged
        + record.differing,
        twice=sum(place.twice for place in places) + written_twice,
        out_of_order=sum(place.out_of_order for place in places),
        leaked=sum(place.leaked for place in places),
        findings=findings[:MAX_FINDINGS],
    )


def acknowledged_without_event(record: Record, start: Heads, heads: Heads) -> dict[str, int]:
    """How many acknowledged posts of each topic have no event, not even one that came to nobody."""
    found = {}
    for topic, head in heads.items():
        unseen = head - start[topic] - len(record.events.get(topic, {}))
        posts = {post for post, of in record.acknowledged.items() if of == topic}
        found[topic] = len(posts - record.posts.keys()) - unseen
    return {topic: count for topic, count in found.items() if count > 0}


def wrong_places(clients: Places, heads: Heads) -> list[str]:
    counts = [
        (client, topic, what, count)
        for client, of in clients.items()
        for topic, place in of.items()
        for what, count in (
            ("lost", place.lost(heads[topic])),
            ("twice", place.twice),
            ("out of order", place.out_of_order),
            ("leaked", place.leaked),
        )
    ]
    return [f"{client}, {topic}: {count} {what}" for client, topic, what, count in counts if count]
