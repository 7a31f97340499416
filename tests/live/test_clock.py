"""A sign-in on a live connection is over in time, whatever becomes of the system's clock."""

import time
from datetime import timedelta

import pytest

from api.live.clock import Clock, Due
from model.database.table import now

A_DAY_S = 24 * 3600


def due_after(clock: Clock, days: int, monkeypatch: pytest.MonkeyPatch) -> Due | None:
    later = time.monotonic() + days * A_DAY_S
    with monkeypatch.context() as patched:
        patched.setattr("time.monotonic", lambda: later)
        clock.heard()
        return clock.due()


def test_a_sign_in_that_a_clock_ahead_has_dated_ends_after_a_month(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(is_one_way=True)
    clock.signed_in(now() + timedelta(days=365))
    assert due_after(clock, 29, monkeypatch) is None
    assert due_after(clock, 31, monkeypatch) is Due.SIGN_IN


def test_nobody_is_signed_out_by_a_clock_that_goes_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(is_one_way=True)
    clock.signed_in(now() + timedelta(days=30))
    ahead = now() + timedelta(days=365)
    monkeypatch.setattr("api.live.clock.now", lambda: ahead)
    assert due_after(clock, 0, monkeypatch) is None
