"""What a client reads of the messages of the server; the rest of their fields it skips."""

from datetime import datetime

import msgspec


class Message(msgspec.Struct):
    """One struct for all types: unknown ones are to be ignored, not refused."""

    type: str
    id: str | int | None = None
    topic: str = ""
    seq: int = 0
    kind: str = ""
    data: msgspec.Raw = msgspec.Raw()
    at: datetime | None = None
    code: str | int = ""
    retry_after: float | None = None


_decoder = msgspec.json.Decoder(Message | list[Message])


def messages_of(frame: bytes | str) -> list[Message]:
    found = _decoder.decode(frame)
    return found if isinstance(found, list) else [found]
