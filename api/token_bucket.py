"""Token buckets in the memory of a worker."""

import time
from collections import OrderedDict

REMEMBERED = 10_000


class TokenBucket:
    """Allows `burst` actions at once and `per_s` sustained. Keeps only when it is full again."""

    __slots__ = ("full_at",)

    def __init__(self) -> None:
        self.full_at = 0.0

    def wait_s(self, burst: int, per_s: float) -> float:
        """Count an action and return 0, or do not count it and return the seconds to wait."""
        now = time.monotonic()
        full_at = max(self.full_at, now) + 1 / per_s
        excess = full_at - now - burst / per_s
        if excess <= 0:
            self.full_at = full_at
        return max(0.0, excess)


class TokenBuckets:
    """One for each recent caller. Whoever is forgotten begins with a full one."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def of(self, who: str) -> TokenBucket:
        bucket = self._buckets.pop(who, None) or TokenBucket()
        self._buckets[who] = bucket
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket
