"""Says when silence on a live connection means something."""

import time
from datetime import datetime
from enum import Enum, auto

from model.database.table import now
from model.session import SESSION_GRACE, SESSION_LASTS

HELLO_WITHIN_S = 5
PING_AFTER_S = 25
GONE_AFTER_S = 60
EXPIRY_GRACE_S = SESSION_GRACE.seconds

NEVER = float("inf")


class Due(Enum):
    HELLO = auto()
    SIGN_IN = auto()
    LIFE = auto()
    PING = auto()


class Clock:
    """The deadlines of a connection. On a one-way one the kernel watches the client."""

    def __init__(self, *, is_one_way: bool) -> None:
        self.is_one_way = is_one_way
        self.has_spoken = is_one_way
        self._signed_out_at = NEVER
        self._opened_at = self._heard_at = self._pinged_at = time.monotonic()

    def heard(self) -> None:
        self._heard_at = time.monotonic()

    def signed_in(self, expires_at: datetime) -> None:
        """Begin a sign-in. What becomes of the system's clock changes nothing about it."""
        left_s = min(expires_at - now(), SESSION_LASTS).total_seconds()
        self._signed_out_at = time.monotonic() + left_s + EXPIRY_GRACE_S

    def wait_s(self) -> float:
        """Seconds until something may be due."""
        return max(0.0, min(self._dues().values()) - time.monotonic())

    def due(self) -> Due | None:
        """The first thing that is due now. A `ping` and the end of a sign-in are due once."""
        moment = time.monotonic()
        found = next((due for due, at in self._dues().items() if at <= moment), None)
        if found is Due.PING:
            self._pinged_at = moment
            if self.is_one_way:
                self._heard_at = moment
        if found is Due.SIGN_IN:
            self._signed_out_at = NEVER  # until `signed_in` is called again
        return found

    def _dues(self) -> dict[Due, float]:
        is_asked = self._pinged_at > self._heard_at
        return {
            Due.HELLO: NEVER if self.has_spoken else self._opened_at + HELLO_WITHIN_S,
            Due.SIGN_IN: self._signed_out_at,
            Due.LIFE: NEVER if self.is_one_way else self._heard_at + GONE_AFTER_S,
            Due.PING: NEVER if is_asked else self._heard_at + PING_AFTER_S,
        }
