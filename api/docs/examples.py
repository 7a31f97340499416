"""What the declarations of the messages cannot say: which answers which, and an example of each."""

from datetime import UTC, datetime

import msgspec

from api.live.protocol import (
    Bye,
    Close,
    Error,
    Hello,
    Ping,
    Pong,
    Renewed,
    ResetMessage,
    Revoked,
    ServerPing,
    ServerPong,
    Signal,
    Subscribe,
    Subscribed,
    Token,
    Unsubscribe,
    Unsubscribed,
    Watch,
    Watching,
    Welcome,
)
from model.live.ephemeral import NewestMessage, PresenceMessage, Sender, SignalMessage
from model.live.ring import EventMessage
from model.user import PersonView

Kind = type[msgspec.Struct]

ANSWERS: dict[Kind, tuple[Kind, ...]] = {
    Hello: (Welcome, Subscribed, ResetMessage, Error),
    Subscribe: (Subscribed, ResetMessage, Error),
    Unsubscribe: (Unsubscribed, Error),
    Watch: (Watching,),
    Signal: (Error,),
    Token: (Renewed, Error),
    Ping: (ServerPong,),
}
UNASKED = (
    EventMessage,
    NewestMessage,
    SignalMessage,
    PresenceMessage,
    ResetMessage,
    Revoked,
    Error,
    Bye,
)

TOPIC = "channel:7"
TOKEN = "q5uSCkXo4mJd0w"  # noqa: S105 - nobody's
ANN: PersonView = {"id": 3, "name": "Ann", "avatar": None}
BOB: PersonView = {"id": 5, "name": "Bob", "avatar": None}
TYPING = msgspec.Raw(b'{"parent_id":12}')

_examples: tuple[msgspec.Struct, ...] = (
    Hello(id=1, token=TOKEN, epoch="k3f9", topics={TOPIC: 131}),
    Subscribe(id=2, topic=TOPIC, after=131),
    Unsubscribe(id=3, topic=TOPIC),
    Watch(id=5),
    Signal(topic=TOPIC, name="typing", data=TYPING),
    Token(id=4, token=TOKEN),
    Ping(),
    Pong(),
    Welcome(
        id=1,
        epoch="k3f9",
        user=ANN,
        connection="9f2c41d07ab3",
        heartbeat=25,
        limits={"topics": 100, "frame_bytes": 65536},
    ),
    Renewed(id=4, expires_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
    Subscribed(id=2, topic=TOPIC, seq=133, present=[ANN, BOB]),
    Unsubscribed(id=3, topic=TOPIC),
    Watching(id=5),
    NewestMessage(groups={2: {7: 901, 8: 903}}),
    ResetMessage(id=2, topic=TOPIC, seq=133, reason="retention"),
    Revoked(topic=TOPIC, reason="removed"),
    EventMessage(
        topic=TOPIC,
        seq=132,
        kind="post.deleted",
        data=msgspec.Raw(b'{"id":9,"parent":null}'),
        at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        by=5,
        tx="4be0a6c1d2f39a57",
    ),
    SignalMessage(topic=TOPIC, name="typing", data=TYPING, sender=Sender(5, "Bob", "1d7e90c52fa8")),
    PresenceMessage(topic=TOPIC, joined=[BOB], left=[4]),
    Error(id=2, code="not_found", detail="There is no such topic.", topic=TOPIC),
    ServerPing(),
    ServerPong(),
    Bye(code=Close.RESTART, retry_after=1.25),
)

EXAMPLES = {type(example): example for example in _examples}
