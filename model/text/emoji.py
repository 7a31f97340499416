"""Emoji, judged by their structure (UTS 51), so that those of a newer Unicode are emoji, too."""

import re
from unicodedata import category, east_asian_width

_MAX_CHARS = 16  # code points: a kiss of two people with skin colours takes ten
_AS_PICTURE, _JOINER = "\ufe0f", "\u200d"
_PRESENTATION = re.compile("[\ufe0e\ufe0f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_KEYCAP = re.compile("[0-9#*]\u20e3")
_ELEMENT = re.compile(  # with a skin colour, or the letters of a region
    "(?P<base>.)(?P<kind>[\U0001f3fb-\U0001f3ff]|[\U000e0020-\U000e007e]+\U000e007f)?", re.DOTALL
)
_NEW_ONES = range(0x1F200, 0x20000)  # where Unicode adds emoji
_SYMBOLS = {"So", "Sm", "Sk"}
_NO_SYMBOLS = "\u203c\u2049\u2139\u3030\u303d"  # three of punctuation, a dash and a letter
_WIDE_AS_TEXT = "〰〽㊗㊙🈂🈷"


def one_emoji(text: str) -> str | None:
    """The one spelling of an emoji or symbol; None for anything else, and for more than one.

    With and without U+FE0F it is the same, and stands where UTS 51 has it ("fully-qualified").
    """
    plain = _PRESENTATION.sub("", text)
    if not 0 < len(plain) <= _MAX_CHARS:
        return None
    if _FLAG.fullmatch(plain):
        return plain
    if _KEYCAP.fullmatch(plain):
        return f"{plain[0]}{_AS_PICTURE}{plain[1]}"
    elements = [_ELEMENT.fullmatch(part) for part in plain.split(_JOINER)]
    if not all(element and _is_picture(element["base"]) for element in elements):
        return None
    return _JOINER.join(_spelt(element["base"], element["kind"]) for element in elements if element)


def _is_picture(char: str) -> bool:
    is_symbol = category(char) in _SYMBOLS or char in _NO_SYMBOLS
    return (is_symbol and not _FLAG.match(char * 2)) or ord(char) in _NEW_ONES


def _spelt(base: str, kind: str | None) -> str:
    """An element that is shown as a picture: what is wide is one by itself (UAX 11)."""
    if kind is not None:
        return base + kind
    is_text = category(base) != "Cn" and (east_asian_width(base) != "W" or base in _WIDE_AS_TEXT)
    return base + _AS_PICTURE * is_text
