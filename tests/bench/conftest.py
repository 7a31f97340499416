"""Figures are printed when they are asked for by name, not with every run of the tests."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "bench" in config.getoption("markexpr"):
        return
    by_name_only = pytest.mark.skip(reason="prints figures: pytest tests/bench -m bench")
    for item in items:
        if item.get_closest_marker("bench"):
            item.add_marker(by_name_only)
