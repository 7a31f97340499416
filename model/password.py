"""Passwords: Argon2id with the parameters of the OWASP cheat sheet (19 MiB, t=2, p=1).

A hash takes about 50 ms of a processor. So it runs in few threads, before or after a transaction
and never inside one, and a long queue is refused instead of growing.
"""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from model.errors import TryAgain
from model.figures import Figures

P = ParamSpec("P")
T = TypeVar("T")

_MAX_WAITING = 100
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Of a random password that nobody has: a name that does not exist costs the same as one that does
_NOBODYS_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$R5I+mmvh3ulu3w69zLvNnw"
    "$loGjR1tNFu3RKXK4nkLTeU5RaRvQ3TMoEpEIr4TxrVU"
)


class Passwords:
    def __init__(self, workers: int = 1, figures: Figures | None = None) -> None:
        """Take a share of the processors, which `workers` processes have together."""
        self._figures = figures or Figures()
        threads = max(1, (os.cpu_count() or 1) // workers)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self.waiting = 0
        """How many have asked and are not answered yet."""

    async def hash(self, password: str) -> str:
        """The hash of a password. Raises TryAgain when too many wait."""
        return await self._in_thread(HASHER.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password of this hash. Raises TryAgain when too many wait.

        Without a hash, or with an empty one, the answer is False, and takes as long.
        """
        try:
            await self._in_thread(HASHER.verify, password_hash or _NOBODYS_HASH, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return bool(password_hash)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(
        self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs
    ) -> T:
        if self.waiting >= _MAX_WAITING:
            raise TryAgain
        self.waiting += 1
        began = time.monotonic()
        try:
            call = asyncio.get_running_loop().run_in_executor
            return await call(self._threads, lambda: function(*arguments, **options))
        finally:
            self.waiting -= 1
            self._figures.hashed(time.monotonic() - began)
