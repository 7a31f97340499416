"""The last school days of the demo, so that its class has written until just now."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

_DAYS = 14
_A_DAY, _SUNDAY_AND_SATURDAY = timedelta(days=1), (5, 6)


class Calendar:
    """School days counted backwards from `present`, in the time zone of this machine."""

    def __init__(self, present: datetime) -> None:
        self.present = present.astimezone()
        self._days = _school_days(self.present)

    def moment(self, ago: str) -> datetime:
        """`"3 08:15"` is on the third school day before today, `"0 40"` is 40 minutes ago."""
        day, _, at = ago.partition(" ")
        if day == "0":
            return self.present - timedelta(minutes=int(at))
        return datetime.combine(self._days[int(day) - 1], time.fromisoformat(at)).astimezone()


def _school_days(present: datetime) -> Sequence[datetime]:
    days, day = list[datetime](), present
    while len(days) < _DAYS:
        day -= _A_DAY
        if day.weekday() not in _SUNDAY_AND_SATURDAY:
            days.append(day)
    return days
