"""Under load everything is delivered once and in order. Times are printed, and never fail."""

import sys

import pytest

from tests.bench.run import Options, bench


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_under_load_every_event_is_delivered_once_in_order(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = bench(Options(seconds=1, rounds=1, database_url=database_url))
    with capsys.disabled():
        sys.stdout.write(f"\n\n{table}")
