"""The bus: how the workers of a machine tell each other hints, signals and who is there.

A hint says "there is something new in these topics". It carries no data and may be lost, doubled or
late: nothing is wrong then, only slower, since the next look finds everything anyway.

Each worker reads two datagram sockets, made by the supervisor, into which all others write: one for
hints, one for signals and presence, so that neither drowns the other. What does not fit into the
buffer of a socket is dropped.
"""

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from model.live.ephemeral import Ephemeral, decode_all, encode_all

_MAX_HINT_BYTES = 1024
_MAX_DATAGRAM_BYTES = 64 * 1024
_AT_ONCE = 100  # datagrams; then others have their turn
_EVERYTHING = b"*"

Hinted = Callable[[Collection[str] | None], None]
Told = Callable[[Sequence[Ephemeral]], None]


@dataclass(frozen=True)
class Datagrams:
    """A socket to listen on, and those of the other workers. One worker alone has none."""

    own: socket.socket | None = None
    others: Sequence[socket.socket] = field(default=())

    def listen(self, heard: Callable[[Sequence[bytes]], None]) -> None:
        if self.own is not None:
            self.own.setblocking(False)
            asyncio.get_running_loop().add_reader(self.own, self._receive, self.own, heard)

    def send(self, message: bytes) -> None:
        for other in self.others:
            with suppress(OSError):  # full, too large for this system, or nobody there
                other.send(message, socket.MSG_DONTWAIT)

    def close(self) -> None:
        if self.own is not None:
            asyncio.get_running_loop().remove_reader(self.own)

    @staticmethod
    def _receive(own: socket.socket, heard: Callable[[Sequence[bytes]], None]) -> None:
        messages: list[bytes] = []
        with suppress(BlockingIOError):
            while len(messages) < _AT_ONCE:
                messages.append(own.recv(_MAX_DATAGRAM_BYTES))
        heard(messages)


class Bus:
    def __init__(self, hints: Datagrams | None = None, ephemera: Datagrams | None = None) -> None:
        self._hints = hints or Datagrams()
        self._ephemera = ephemera or Datagrams()

    def listen(self, hinted: Hinted, told: Told) -> None:
        """Begin to hear the other workers.

        `hinted` is called with the topics of hints, or None to look at all of them; `told` with
        messages.
        """

        def hear_hints(messages: Sequence[bytes]) -> None:
            topics: set[str] = set()
            for message in messages:
                if message == _EVERYTHING:
                    hinted(None)
                else:
                    topics.update(msgspec.json.decode(message, type=list[str]))
            hinted(topics)

        def hear_ephemera(messages: Sequence[bytes]) -> None:
            for message in messages:
                told(decode_all(message))

        self._hints.listen(hear_hints)
        self._ephemera.listen(hear_ephemera)

    def hint(self, topics: Collection[str]) -> None:
        message = msgspec.json.encode(sorted(topics))
        self._hints.send(message if len(message) <= _MAX_HINT_BYTES else _EVERYTHING)

    def tell(self, messages: Sequence[Ephemeral]) -> None:
        """Send messages to the other workers, if they fit into one datagram."""
        message = encode_all(messages)
        if len(message) <= _MAX_DATAGRAM_BYTES:
            self._ephemera.send(message)

    def close(self) -> None:
        self._hints.close()
        self._ephemera.close()
