"""Other people's private parts are used only in versions that were tried."""

from importlib.metadata import version

from api.adapters.guard import require_tried, tried_with


def test_what_is_installed_was_tried() -> None:
    require_tried()


def test_a_library_of_another_version_is_named_with_those_that_were_tried() -> None:
    assert list(tried_with({"quart": ["0.1", "0.2"], "hypercorn": ["0.18"]})) == [
        f"quart is {version('quart')}, but was tried with 0.1 and 0.2 only."
    ]
