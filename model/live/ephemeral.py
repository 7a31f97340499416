"""Messages that nobody stores: hints, signals, who is there, and what workers tell each other."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from model.user import PersonView

_MAX_HINT_BYTES = 1024
_EVERYTHING = b"*"
NO_DATA = msgspec.Raw(b"null")

SignalKey = tuple[str, str, str]  # topic, connection, name: of the same only the newest counts


class Sender(msgspec.Struct):
    """A person at one of her connections: the `connection` of its `welcome`."""

    id: int
    name: str
    connection: str


class SignalMessage(msgspec.Struct, tag="signal"):
    """What somebody else who follows the topic shows just now: typing, a cursor, a position."""

    topic: str
    name: str
    data: msgspec.Raw
    sender: Sender = msgspec.field(name="from")

    @property
    def key(self) -> SignalKey:
        return self.topic, self.sender.connection, self.name


class PresenceMessage(msgspec.Struct, tag="presence", omit_defaults=True):
    """Who follows the topic: all of them, or who has come and (by id) who has gone.

    People, not connections; whoever leaves stays for 10 s, in case they come back.
    """

    topic: str
    present: list[PersonView] | None = None
    joined: list[PersonView] = []
    left: list[int] = []


class NewestMessage(msgspec.Struct, tag="newest"):
    """There are new posts by others, for who watches: by group and channel, the newest one's id.

    It comes once a second at most. With 0, what was counted before may be wrong: a post is gone, or
    came behind a newer one.
    """

    groups: dict[int, dict[int, int]]


class WorkerId(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A worker of a machine, whose name is `node`; `run` tells one start there from the next."""

    node: str
    run: str
    number: int

    def numbered(self, number: int) -> "WorkerId":
        """Another worker of the same machine and start."""
        return WorkerId(self.node, self.run, number)


class Attendance(msgspec.Struct, tag="attendance"):
    """A part of the people that a worker serves; all `parts` of a `number` are its whole set.

    `start` tells one life of a worker from the next. `topics` holds the ids of the `people` there.
    """

    worker: WorkerId
    start: int
    number: int
    part: int
    parts: int
    people: list[PersonView]
    topics: dict[str, list[int]]


class WorkerEnded(msgspec.Struct, tag="ended"):
    """A worker has died, as its supervisor says, or ends, as it says itself."""

    worker: WorkerId


class WorkerReport(msgspec.Struct, tag="report"):
    """What a worker says of itself; `memory_bytes` is its share of what it has in common.

    `key` is a digest of what it signs with, which has to be the same everywhere.
    """

    worker: WorkerId
    key: str
    process_id: int
    started_at: datetime
    memory_bytes: int | None
    connections: int


Ephemeral = SignalMessage | Attendance | WorkerEnded | WorkerReport

_topics_decoder = msgspec.json.Decoder(list[str])
_decoder = msgspec.json.Decoder(list[Ephemeral])


def encode(message: msgspec.Struct) -> str:
    """The message as a text of its own, or as a part of a frame."""
    return msgspec.json.encode(message).decode()


def encode_hint(topics: Collection[str]) -> bytes:
    """A hint at these topics; at everything when there are too many of them."""
    message = msgspec.json.encode(sorted(topics))
    return message if len(message) <= _MAX_HINT_BYTES else _EVERYTHING


def decode_hint(message: bytes) -> list[str] | None:
    """The topics that are hinted at; None for all."""
    return None if message == _EVERYTHING else _topics_decoder.decode(message)


def encode_all(messages: Sequence[Ephemeral]) -> bytes:
    return msgspec.json.encode(messages)


def decode_all(datagram: bytes) -> list[Ephemeral]:
    return _decoder.decode(datagram)
