"""Every message of `/api/live`, declared once: the parser and the documentation come from here."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, Literal

import msgspec

from model.database.table import MAX_ID
from model.live.ephemeral import NO_DATA, NewestMessage, PresenceMessage, SignalMessage
from model.live.ring import EventMessage
from model.user import PersonView

MAX_FRAME_BYTES = 64 * 1024
MAX_SIGNAL_BYTES = 1024
MAX_ID_CHARS = 64
Id = int | Annotated[str, msgspec.Meta(max_length=MAX_ID_CHARS)] | None
Topic = Annotated[str, msgspec.Meta(max_length=64)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]


class Close(IntEnum):
    """The codes of the close frame, and what a client does then."""

    BUG = 1011  # reconnect, back off
    RESTART = 1012  # reconnect after `retry_after`
    NOT_THE_PROTOCOL = 4400  # do not reconnect
    NOT_SIGNED_IN = 4401  # sign in, then reconnect
    ORIGIN_NOT_ALLOWED = 4403  # do not reconnect
    NO_SIGN_OF_LIFE = 4408  # reconnect, resume
    MESSAGE_TOO_LARGE = 4413  # do not repeat it
    TOO_MANY = 4429  # back off


class Command(msgspec.Struct, forbid_unknown_fields=True):
    pass


class Hello(Command, tag="hello"):
    """The first message: signs in and resumes. `epoch` and `topics` are the `live` of a list.

    With `user`, your id, nobody else is signed in by a cookie that another tab has changed.
    """

    id: Id = None
    token: str | None = None
    user: Seq | None = None
    epoch: str | None = None
    topics: dict[Topic, Seq] = {}


class Subscribe(Command, tag="subscribe"):
    """Asks for the events of a topic with numbers above `after`; without it, from now on."""

    topic: Topic
    id: Id = None
    after: Seq | None = None


class Unsubscribe(Command, tag="unsubscribe"):
    """Asks for no more events of the topic."""

    topic: Topic
    id: Id = None


class Watch(Command, tag="watch"):
    """Asks to be told, from now on, where there are new posts: in all channels you may read.

    Follow only what is open; the lists of channels say what is unread, and `newest` what is new.
    """

    id: Id = None


class Signal(Command, tag="signal"):
    """Goes to the other subscribers of the topic; never stored, at most 1 KiB of data.

    Too many of them are dropped, and of the same `name` only the newest is passed on.
    """

    topic: Topic
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    data: msgspec.Raw = msgspec.field(default_factory=lambda: NO_DATA)


class Token(Command, tag="token"):
    """Renews the sign-in in place, for the same user only; answered with `renewed`."""

    token: str
    id: Id = None


class Ping(Command, tag="ping"):
    """Any frame is a sign of life; this one is answered with `pong`.

    While somebody looks at it, a client says it after 5 s of silence, and gives the connection up
    when nothing has come 5 s later: a network that freezes tells nobody.
    """


class Pong(Command, tag="pong"):
    """A sign of life, asked for by `ping`."""


ClientMessage = Hello | Subscribe | Unsubscribe | Watch | Signal | Token | Ping | Pong


class Welcome(msgspec.Struct, tag="welcome"):
    """Answers `hello`; one `subscribed`, `reset` or `error` for each of its topics follows."""

    id: Id
    epoch: str
    user: PersonView | None
    connection: str
    heartbeat: int
    limits: dict[str, int]


class Renewed(msgspec.Struct, tag="renewed"):
    """Answers `token`: you are signed in until `expires_at`."""

    id: Id
    expires_at: datetime


class Subscribed(msgspec.Struct, tag="subscribed", omit_defaults=True):
    """You follow the topic; `seq` is its head. Events behind `after` follow without a hole.

    `present` are the people who follow the topic now, you among them.
    """

    topic: str
    seq: int
    id: Id = None
    present: list[PersonView] = []


class Unsubscribed(msgspec.Struct, tag="unsubscribed", omit_defaults=True):
    """You no longer follow the topic."""

    topic: str
    id: Id = None


class Watching(msgspec.Struct, tag="watching", omit_defaults=True):
    """You are told where there are new posts. A list that you fetch now has what came before."""

    id: Id = None


class ResetMessage(msgspec.Struct, tag="reset", omit_defaults=True):
    """You have to fetch the list again and subscribe after its `seq`."""

    topic: str
    seq: int
    reason: Literal["epoch", "retention", "limit"]
    id: Id = None


class Revoked(msgspec.Struct, tag="revoked"):
    """You may no longer read the topic. Comes instead of the event that took the right."""

    topic: str
    reason: str


class Error(msgspec.Struct, tag="error", omit_defaults=True):
    """The command failed; the connection stays, unless `bye` follows."""

    code: str
    detail: str
    id: Id = None
    topic: str | None = None


class ServerPing(msgspec.Struct, tag="ping"):
    """Asks for any frame, because you have been silent; without one the connection is closed."""


class ServerPong(msgspec.Struct, tag="pong"):
    """Answers `ping`."""


class Bye(msgspec.Struct, tag="bye", omit_defaults=True):
    """Comes before a close; `retry_after` is in seconds."""

    code: int
    retry_after: float | None = None


ServerMessage = (
    Welcome
    | Renewed
    | Subscribed
    | Unsubscribed
    | Watching
    | NewestMessage
    | ResetMessage
    | Revoked
    | EventMessage
    | SignalMessage
    | PresenceMessage
    | Error
    | ServerPing
    | ServerPong
    | Bye
)


class NotTheProtocol(Exception):
    """What was sent is not this protocol; says how the connection is closed."""

    def __init__(self, detail: str, code: str = "not_the_protocol") -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.close = Close.MESSAGE_TOO_LARGE if code == "too_large" else Close.NOT_THE_PROTOCOL


_decoder = msgspec.json.Decoder(ClientMessage)
KNOWN = {kind.__struct_config__.tag for kind in ClientMessage.__args__}


def parse(frame: str | bytes) -> ClientMessage | Error:
    """A message, or the answer to one that is not understood; raises NotTheProtocol."""
    if isinstance(frame, bytes):
        raise NotTheProtocol("Send text frames.")
    if len(frame) > MAX_FRAME_BYTES or len(frame.encode()) > MAX_FRAME_BYTES:
        raise NotTheProtocol("A message takes 64 KiB.", "too_large")
    try:
        message: ClientMessage = _decoder.decode(frame)
    except msgspec.ValidationError as error:
        problem = str(error)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise NotTheProtocol("Send objects in JSON.") from None
    else:
        return message
    try:
        raw = msgspec.json.decode(frame, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raw = {}
    if not isinstance(raw.get("type"), str):
        raise NotTheProtocol("Send objects in JSON, with a type.")
    given = raw.get("id")
    message_id = given if isinstance(given, int | str) and len(str(given)) <= MAX_ID_CHARS else None
    if raw["type"] not in KNOWN:
        return Error("unknown_type", "There is no such message.", message_id)
    return Error("invalid", problem, message_id)
