"""Whom a text names."""

import time

import pytest

from model.text.mention_syntax import names_in, readings
from tests.support.mention_syntax import NAMED


@pytest.mark.parametrize(("text", "names"), NAMED.items())
def test_who_is_named_in_a_text(text: str, names: list[str]) -> None:
    assert names_in(text) == names


def test_a_name_is_read_as_it_stands_first_and_then_without_the_marks_at_its_end() -> None:
    assert readings("bob_-") == ["bob_-", "bob_", "bob"]
    assert readings("a-b") == ["a-b"]


@pytest.mark.parametrize(
    "pattern", ["`", "` ", "`a``", "_", "@_", "@x`", "> ", "```\n", "http://", "\\"]
)
def test_hostile_texts_are_read_at_once(pattern: str) -> None:
    began = time.perf_counter()
    names_in((pattern * 4000)[:3990] + " @bob")
    names_in("".join("`" * length + " " for length in range(88)) + " @bob")
    assert time.perf_counter() - began < 1
