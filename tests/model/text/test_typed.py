"""What people type is cleaned of what they did not mean, and of nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.text.typed import clean_name, clean_short, clean_text, is_blank

# ruff: noqa: RUF001 - letters that look like others
FAMILY, HEART, ENGLAND = "👩‍👩‍👧‍👦", "❤\ufe0f\u200d🔥", "🏴\U000e0067\U000e0062\U000e007f"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\u2800\u3164\u115f\u1160\uffa0\ufe0f"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bob ", "bob"),
        ("\u00a0bob\u3000\r\n", "bob"),
        ("\u2068bob\u2069\u200e", "bob"),
        ("\ufeffb\u00ado\u200bb\u2060", "bob"),
        ("ｂｏｂ＿１", "bob_1"),
        ("Ann\u2011Lee\u2013\u2212", "Ann-Lee--"),
        ("Bob Smith", "Bob Smith"),
        ("zoe\u0308", "zoë"),
        (INVISIBLE, ""),
    ],
)
def test_a_short_name_is_what_was_meant(typed: str, meant: str) -> None:
    assert clean_short(typed) == meant
    assert clean_short(meant) == meant


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("\u200e\u2067 Zoe\u0308 Ann\u00a0Lee\u200b \n", "Zoë Ann Lee"),
        ("Bo\u200db\u00ad Ｂ", "Bob Ｂ"),
        ("\u202egpj.exe", "gpj.exe"),
        (f"{FAMILY} {HEART}{ENGLAND}", f"{FAMILY} {HEART}{ENGLAND}"),
        ("می\u200cخواهم\u200c", "می\u200cخواهم"),
        ("ක\u0dca\u200d\u200dෂ ශ\u0dca\u200dරී", "ක\u0dca\u200dෂ ශ\u0dca\u200dරී"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("two\x0blines\u2028more", "two\nlines\nmore"),
        *((char, "") for char in f"{INVISIBLE} \u2003"),
        (INVISIBLE, ""),
        (f"{INVISIBLE}x", "\u2800\u3164\u115f\u1160\uffa0\ufe0fx"),
    ],
)
def test_a_name_keeps_what_its_letters_and_emoji_need(typed: str, shown: str) -> None:
    assert clean_name(typed) == shown
    assert clean_name(shown) == shown


@given(
    st.text(
        st.sampled_from(f"{INVISIBLE}{FAMILY}aéＢ天ක\u0dca\u0301\u00a0 \n\u2011\0")
        | st.characters()
    )
)
def test_what_is_clean_stays_as_it_is(typed: str) -> None:
    for clean in (clean_short, clean_name, clean_text):
        assert clean(clean(typed)) == clean(typed)


def test_a_text_has_line_ends_and_no_other_control_characters() -> None:
    pasted = "\ufeffone\x0btwo\x0cthree\x85four\u2028five\r\n\tsi\x92x\x1b[2J\0 \u200f.\x7f"
    assert clean_text(pasted) == "\ufeffone\ntwo\nthree\nfour\nfive\r\n\tsix[2J \u200f."
    assert is_blank(f" \n{INVISIBLE}")
    assert not is_blank("❤")
