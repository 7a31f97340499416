"""The time of day, which somebody may put forward or back, beside a clock that only goes on."""

import time

_ALSO_ASLEEP = getattr(time, "CLOCK_BOOTTIME", None)  # Linux


class WallClock:
    def __init__(self) -> None:
        self._ahead_s = _ahead_s()

    def jump_s(self) -> float:
        """By how many seconds it was put forward (or back, below 0) since this was last asked."""
        before, self._ahead_s = self._ahead_s, _ahead_s()
        return self._ahead_s - before


def _ahead_s() -> float:
    steady_s = time.monotonic() if _ALSO_ASLEEP is None else time.clock_gettime(_ALSO_ASLEEP)
    return time.time() - steady_s
