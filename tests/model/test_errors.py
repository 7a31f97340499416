"""How refusals are said to people."""

import pytest

from model.errors import TooMany


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (40, "40 seconds"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (5_000, "84 minutes"),
        (70_000, "20 hours"),
    ],
)
def test_who_has_tried_too_often_is_told_for_how_long_to_wait(seconds: int, words: str) -> None:
    refusal = TooMany("Too many tries.", retry_after_s=seconds)
    assert refusal.detail == f"Too many tries. Try again in {words}."
