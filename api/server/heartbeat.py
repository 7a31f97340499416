"""The heartbeat of a worker, by which the supervisor sees whether its event loop stands still."""

import asyncio
import faulthandler
import mmap
import os
import signal
from contextlib import suppress
from typing import NoReturn

_BEAT_EVERY_S = 1
_MOST_BYTES_OF_STACKS = 64 * 1024  # of a pipe


class Heartbeat:
    """Made before the fork: a byte of memory and a pipe, which both processes have."""

    def __init__(self) -> None:
        self._beats = mmap.mmap(-1, 1)
        self._stacks = os.pipe()
        for end in self._stacks:
            os.set_blocking(end, False)
        self._seen = self._silent_looks = 0

    async def beat(self) -> NoReturn:
        """Show from now on, in the worker, that its event loop turns."""
        faulthandler.register(signal.SIGUSR1, self._stacks[1])
        while True:
            self._beats[0] = (self._beats[0] + 1) % 256
            await asyncio.sleep(_BEAT_EVERY_S)

    def silent_looks(self) -> int:
        """How many looks, with this one, have seen no beat since the one that saw the last."""
        is_silent = self._beats[0] == self._seen
        self._silent_looks = self._silent_looks + 1 if is_silent else 0
        self._seen = self._beats[0]
        return self._silent_looks

    def ask_for_stacks(self, process_id: int) -> None:
        """Let the worker write down where each of its threads stands, even when it hangs."""
        self.stacks()  # of an earlier time
        os.kill(process_id, signal.SIGUSR1)

    def stacks(self) -> str:
        """What it has written, once; nothing when it is stopped."""
        with suppress(BlockingIOError):
            return os.read(self._stacks[0], _MOST_BYTES_OF_STACKS).decode(errors="replace")
        return ""

    def close(self) -> None:
        self._beats.close()
        for end in self._stacks:
            os.close(end)
