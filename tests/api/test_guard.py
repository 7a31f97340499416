"""Other people's private parts are used only in versions that were tried."""

from importlib.metadata import version

import pytest

from api.adapters import hypercorn
from api.adapters.guard import Untried, require_tried, tried_with


def test_what_is_installed_was_tried() -> None:
    require_tried()


def test_a_library_of_another_version_is_named_with_those_that_were_tried() -> None:
    assert list(tried_with({"quart": ["0.1", "0.2"], "hypercorn": ["0.18"]})) == [
        f"quart is {version('quart')}, but was tried with 0.1 and 0.2 only."
    ]


def test_whoever_has_another_version_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hypercorn.TRIED_WITH, "hypercorn", ["0.17"])
    require_tried.cache_clear()
    with pytest.raises(Untried, match=r"0\.17 only\. Install what requirements\.txt names\.$"):
        require_tried()


def test_a_patch_release_of_what_was_tried_serves() -> None:
    patch = ".".join(version("hypercorn").split(".")[:2])
    assert not list(tried_with({"hypercorn": [patch]}))
