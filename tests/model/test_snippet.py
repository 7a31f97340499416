"""What a result of a search shows of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.snippet import LENGTH, snippet
from model.words import phrases_of


def marked(text: str, query: str) -> str:
    return "".join(
        f"[{part['text']}]" if part["is_match"] else part["text"]
        for part in snippet(text, phrases_of(query))
    )


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("tea or cake", "tea", "[tea] or cake"),
        ("Tea, TEA and teas", "tea", "[Tea], [TEA] and [teas]"),
        ("Tea, TEA and teas", '"tea"', "[Tea], [TEA] and teas"),
        ("e-mail", "e-mail", "[e]-[mail]"),
        ("Äpfel a\u0308pfel", "apfel", "[Äpfel] [a\u0308pfel]"),
        ("nothing of it", "tea", "nothing of it"),
        ("", "tea", ""),
        ("x" * 500, "tea", "x" * LENGTH + "…"),
    ],
)
def test_matches_are_marked_in_the_text_as_it_was_written(
    text: str, query: str, shown: str
) -> None:
    assert marked(text, query) == shown


@given(st.text(max_size=400), st.text(min_size=1, max_size=20))
def test_a_snippet_is_a_piece_of_its_text_and_never_long(text: str, query: str) -> None:
    parts = snippet(text, phrases_of(query))
    shown = "".join(part["text"] for part in parts)
    cut = shown.removeprefix("…") if shown[:1] == "…" and not text.startswith("…") else shown
    assert len(shown) <= LENGTH + 2
    assert cut in text or cut.removesuffix("…") in text or cut.strip("…") in text
