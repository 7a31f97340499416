"""The bus: how the workers tell each other hints, signals and who is there.

A hint says "there is something new in these topics". It carries no data and may be lost, doubled or
late: nothing is wrong then, only slower, since the next look finds everything anyway.

Each worker reads two datagram sockets, made by the supervisor, into which all others of its machine
write: one for hints, one for signals and presence, so that neither drowns the other. What does not
fit into the buffer of a socket is dropped. A link carries the same to other machines.
"""

import asyncio
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from model.live.ephemeral import Ephemeral, decode_all, decode_hint, encode_all, encode_hint

_MAX_DATAGRAM_BYTES = 64 * 1024
_AT_ONCE = 100  # datagrams; then others have their turn

Hinted = Callable[[Collection[str] | None], None]
Told = Callable[[Sequence[Ephemeral]], None]
Heard = Callable[[Sequence[bytes]], None]


@dataclass(frozen=True)
class Datagrams:
    """A socket to listen on, and those of the other workers. One worker alone has none."""

    own: socket.socket | None = None
    others: Sequence[socket.socket] = field(default=())

    def listen(self, heard: Heard) -> None:
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
    def _receive(own: socket.socket, heard: Heard) -> None:
        messages: list[bytes] = []
        with suppress(BlockingIOError):
            while len(messages) < _AT_ONCE:
                messages.append(own.recv(_MAX_DATAGRAM_BYTES))
        heard(messages)


class Link(Protocol):
    """The way to the workers of other machines, and back."""

    is_well: bool

    def listen(self, hear_hints: Heard, hear_ephemera: Heard) -> None: ...
    def join(self, name: str, joined: Callable[[], None]) -> None: ...
    def hint(self, topics: Collection[str]) -> None: ...
    def tell(self, message: bytes) -> None: ...
    async def close(self) -> None: ...


class Bus:
    def __init__(
        self,
        hints: Datagrams | None = None,
        ephemera: Datagrams | None = None,
        link: Link | None = None,
    ) -> None:
        self._hints = hints or Datagrams()
        self._ephemera = ephemera or Datagrams()
        self.link = link

    @property
    def is_well(self) -> bool:
        """Whether other machines are heard, if there may be any."""
        return self.link is None or self.link.is_well

    @property
    def is_heard(self) -> bool:
        """Whether there may be other workers, here or elsewhere."""
        return bool(self._ephemera.others) or self.link is not None

    def listen(self, hinted: Hinted, told: Told) -> None:
        """Begin to hear the other workers of this machine.

        `hinted` is called with the topics of hints, or None to look at all of them; `told` with
        messages.
        """

        def hear_hints(messages: Sequence[bytes]) -> None:
            topics: set[str] = set()
            for message in messages:
                if (named := decode_hint(message)) is None:
                    hinted(None)
                else:
                    topics.update(named)
            hinted(topics)

        def hear_ephemera(messages: Sequence[bytes]) -> None:
            for message in messages:
                told(decode_all(message))

        self._hints.listen(hear_hints)
        self._ephemera.listen(hear_ephemera)
        if self.link is not None:
            self.link.listen(hear_hints, hear_ephemera)

    def join(self, name: str, joined: Callable[[], None]) -> None:
        """Begin to hear the machines that have joined under the same name, if there is a link.

        `joined` is called whenever the others begin to hear this one.
        """
        if self.link is not None:
            self.link.join(name, joined)

    def hint(self, topics: Collection[str]) -> None:
        self._hints.send(encode_hint(topics))
        if self.link is not None:
            self.link.hint(topics)

    def tell(self, messages: Sequence[Ephemeral]) -> None:
        """Send messages to the other workers, if they fit into one datagram."""
        message = encode_all(messages)
        if len(message) <= _MAX_DATAGRAM_BYTES:
            self._ephemera.send(message)
            if self.link is not None:
                self.link.tell(message)

    async def close(self) -> None:
        if self.link is not None:
            await self.link.close()
        self._hints.close()
        self._ephemera.close()
