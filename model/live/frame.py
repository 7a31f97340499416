"""What is sent at once: a message, or an array of them."""

import struct
from collections.abc import Sequence
from functools import cached_property

_WHOLE_TEXT = 0x81  # first byte
_LENGTH_IN_2_BYTES, _LENGTH_IN_8_BYTES = 126, 127  # and what is less is the length itself


class Frame:
    """The text of some messages. All who are sent the same frame share its bytes."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def encoded(self) -> bytes:
        """As a server's WebSocket frame, which is not masked (RFC 6455, 5.2)."""
        payload = self.text.encode()
        size = len(payload)
        if size < _LENGTH_IN_2_BYTES:
            head = struct.pack(">BB", _WHOLE_TEXT, size)
        elif size < 2**16:
            head = struct.pack(">BBH", _WHOLE_TEXT, _LENGTH_IN_2_BYTES, size)
        else:
            head = struct.pack(">BBQ", _WHOLE_TEXT, _LENGTH_IN_8_BYTES, size)
        return head + payload


def in_one_frame(texts: Sequence[str]) -> Frame:
    return Frame(texts[0] if len(texts) == 1 else f"[{','.join(texts)}]")
