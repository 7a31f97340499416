"""Hints between the workers of a machine: "there is something new in these topics".

A hint carries no data and may be lost, doubled or late: nothing is wrong then, only slower.
Each worker reads one datagram socket, made by the supervisor, into which all others write. When
its buffer is full the hint is dropped; the look that follows finds everything anyway.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import msgspec

log = logging.getLogger(__name__)

MAX_HINT_BYTES = 1024
EVERYTHING = b"*"


class Bus:
    """Without sockets, as with one worker, it only has nobody to tell."""

    def __init__(
        self, own: socket.socket | None = None, others: Sequence[socket.socket] = ()
    ) -> None:
        self.own, self.others = own, others

    def listen(self, heard: Callable[[Collection[str] | None], None]) -> None:
        """Call `heard` with the topics of each hint; None means: look at all."""
        if self.own is not None:
            self.own.setblocking(False)
            asyncio.get_running_loop().add_reader(self.own, self._receive, self.own, heard)

    def hint(self, topics: Collection[str]) -> None:
        message = msgspec.json.encode(sorted(topics))
        if len(message) > MAX_HINT_BYTES:
            message = EVERYTHING
        for other in self.others:
            with suppress(BlockingIOError, ConnectionError):
                other.send(message, socket.MSG_DONTWAIT)

    def close(self) -> None:
        if self.own is not None:
            asyncio.get_running_loop().remove_reader(self.own)

    @staticmethod
    def _receive(own: socket.socket, heard: Callable[[Collection[str] | None], None]) -> None:
        topics: set[str] = set()
        with suppress(BlockingIOError):
            while message := own.recv(MAX_HINT_BYTES):
                if message == EVERYTHING:
                    heard(None)
                else:
                    topics.update(msgspec.json.decode(message, type=list[str]))
        heard(topics)
