"""Snippets: some 160 characters round the first match, with what matches told apart."""

from itertools import pairwise

import pytest

from model.search import phrases_of
from model.text.snippet import snippet

FILLER = "and so it goes on for a while with nothing of interest in it at all "


def cut(text: str, q: str) -> str:
    """Matches in brackets."""
    parts = snippet(text, phrases_of(q))
    assert all(part["text"] for part in parts)
    assert all(a["is_match"] != b["is_match"] for a, b in pairwise(parts))
    return "".join(f"[{part['text']}]" if part["is_match"] else part["text"] for part in parts)


@pytest.mark.parametrize(
    ("text", "q", "shown"),
    [
        ("tea", "tea", "[tea]"),
        ("a cup of tea, please", "tea", "a cup of [tea], please"),
        ("tea or more tea", "tea", "[tea] or more [tea]"),
        ("tea for two", "two tea", "[tea] for [two]"),
        ("teapots and teas", "tea", "[teapots] and [teas]"),
        ("teapots and teas", '"teas"', "teapots and [teas]"),
        ("good morning, good day", '"good day"', "good morning, [good day]"),
        ("an e-mail or E MAIL", "e-mail", "an [e-mail] or [E MAIL]"),
        ("tea tea tea", '"tea tea"', "[tea tea tea]"),
        ("one two three", '"one two" "two three" x', "[one two three]"),
        ("Ärger in der STRASSE", "arger straße", "[Ärger] in der [STRASSE]"),
        ("in C++17, C# and C", "c# c++", "in [C++]17, [C#] and C"),
        ("Łódź", "lodz", "[Łódź]"),
        ("cafe\u0301 noir", "café", "[café] noir"),
        ("今天天气很好", "天气", "今天[天气]很好"),
        ("super🤩 duper", "super", "[super]🤩 duper"),
        ("line\n\n  <b>two</b>", "two", "line\n\n  <b>[two]</b>"),
        ("nothing of it", "tea", "nothing of it"),
        ("", "tea", ""),
    ],
)
def test_a_short_text_is_shown_whole(text: str, q: str, shown: str) -> None:
    assert cut(text, q) == shown


def test_a_long_text_is_cut_round_the_first_match_between_words() -> None:
    shown = cut(f"{FILLER * 5}tea {FILLER * 5}and more tea", "tea")
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert shown.count("[tea]") == 1
    before, after = shown.strip("…").split("[tea]")
    assert before in FILLER * 5
    assert after in " " + FILLER * 5
    for side in (before, after):
        assert set(side.split()) <= set(FILLER.split()), "no word is cut in two"
    assert 120 <= len(shown.replace("[", "").replace("]", "")) <= 162


def test_a_match_at_either_end_keeps_the_whole_width() -> None:
    assert 120 <= len(cut(f"tea {FILLER * 5}", "tea").strip("…")) <= 162
    shown = cut(f"{FILLER * 5}tea", "tea")
    assert shown.endswith("[tea]")
    assert 120 <= len(shown.strip("…")) <= 162


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "天" * 10_000,
        "👩‍👩‍👧‍👦" * 1400,
        "x\u0302" * 5000,
        " " * 10_000 + "x",
        "天\u0302" * 5000,
    ],
)
def test_a_text_without_space_is_cut_too(text: str) -> None:
    shown = cut(text, text[:50].strip() + " x 天").replace("[", "").replace("]", "")
    assert len(shown) <= 162
    assert not shown.strip("…").startswith(("\u0302", "\u200d")), "no character is torn apart"


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("\u200da" + "\u0301" * 300, "a"),
        ("\u200d" * 5 + "a" + "\ue000" * 300, "a"),
        ("a" + "\u0301" * 300, "a"),
        ("x " + "\u0301" * 100 + " hello" + "\u0301" * 300, "hello"),
        ("\u0301" * 10_000, "hello"),
    ],
)
def test_a_text_that_is_mostly_marks_is_cut_too_and_shows_its_match(text: str, q: str) -> None:
    shown = cut(text, q)
    assert len(shown) <= 164
    assert "[" in shown or q not in text


def test_all_of_a_text_can_be_told_from_its_snippets() -> None:
    text = f"{FILLER}one {FILLER}two {FILLER}"
    for word in ("one", "two", "nothing", "goes on", '"so it"'):
        assert snippet_text(text, word).strip("…") in text


def snippet_text(text: str, q: str) -> str:
    return "".join(part["text"] for part in snippet(text, phrases_of(q)))
