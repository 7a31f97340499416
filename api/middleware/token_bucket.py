"""Token buckets in the memory of a worker."""

import time
from collections import OrderedDict

REMEMBERED = 10_000


class TokenBucket:
    """`burst` actions at once, `per_s` sustained; it keeps only when it will be full again."""

    __slots__ = ("full_at",)

    def __init__(self) -> None:
        self.full_at = 0.0

    def wait_s(self, burst: int, per_s: float) -> float:
        """Count one action: 0, or after how long it would be allowed (then it does not count)."""
        now = time.monotonic()
        full_at = max(self.full_at, now) + 1 / per_s
        excess = full_at - now - burst / per_s
        if excess <= 0:
            self.full_at = full_at
        return max(0.0, excess)


class TokenBuckets:
    """One for each caller of late; who is forgotten begins with a full one."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def of(self, who: str) -> TokenBucket:
        bucket = self._buckets.pop(who, None) or TokenBucket()
        self._buckets[who] = bucket
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket
