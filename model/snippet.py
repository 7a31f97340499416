"""The place of a text where a query matches, cut out of it and divided by what matches."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from model.words import Phrase, words_of

BEFORE, LENGTH = 50, 160  # characters before the first match, and in all


class Part(TypedDict):
    text: str
    is_match: bool


def snippet(text: str, phrases: Sequence[Phrase]) -> list[Part]:
    """Its parts joined are the cut text, with an ellipsis where something is left out."""
    matches = [
        (start, end)
        for start, end, word in words_of(text)
        if any(phrase.has(word) for phrase in phrases)
    ]
    begin, stop = _cut(text, matches[0][0] if matches else 0)
    parts: list[Part] = []
    at = begin
    for start, end in matches:
        if begin <= start and end <= stop:
            _add(parts, text[at:start], is_match=False)
            _add(parts, text[start:end], is_match=True)
            at = end
    _add(parts, text[at:stop], is_match=False)
    if begin > 0:
        parts.insert(0, {"text": "…", "is_match": False})
    if stop < len(text):
        parts.append({"text": "…", "is_match": False})
    return parts


def _cut(text: str, first: int) -> tuple[int, int]:
    """At spaces, unless a word is longer than what is shown."""
    begin = max(0, first - BEFORE)
    if begin > 0 and (space := text.find(" ", begin, first)) >= 0:
        begin = space + 1
    stop = min(len(text), begin + LENGTH)
    if stop < len(text) and (space := text.rfind(" ", first, stop)) > first:
        stop = space
    return begin, stop


def _add(parts: list[Part], text: str, *, is_match: bool) -> None:
    if text:
        parts.append({"text": text, "is_match": is_match})
