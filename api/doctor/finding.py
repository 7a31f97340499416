"""What a check finds. Checks change nothing that is kept, and show no value of a secret."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Well:
    """What is as it should be, in a few words."""

    said: str


@dataclass(frozen=True)
class Wrong:
    """What is wrong: a name that stays the same between versions, and one line with what to do."""

    name: str
    said: str


Finding = Well | Wrong
