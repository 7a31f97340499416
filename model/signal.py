"""Signals: what is worth something only now (typing, a cursor, a position in a game)."""

import msgspec

NOTHING = msgspec.Raw(b"null")


class Sender(msgspec.Struct):
    """A person at one of her connections: the `connection` of its `welcome`."""

    id: int
    name: str
    connection: str


class SignalMessage(msgspec.Struct, tag="signal"):
    """What somebody else who follows the topic shows; not one's own, never stored."""

    topic: str
    name: str
    data: msgspec.Raw
    sender: Sender = msgspec.field(name="from")
