"""Whom a text names."""

import pytest

from model.text.mention_syntax import names_in, readings
from tests.support.mention_syntax import NAMED


@pytest.mark.parametrize(("text", "names"), NAMED.items())
def test_who_is_named_in_a_text(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_a_name_is_read_as_it_stands_first_and_then_without_the_marks_at_its_end() -> None:
    assert readings("bob_-") == ["bob_-", "bob_", "bob"]
    assert readings("a-b") == ["a-b"]
