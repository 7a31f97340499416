"""Snippets: some 160 characters of a found post round the first match."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from typing_extensions import TypedDict

from model.text.word import Word, composed, searchable, words

_MAX_CHARS = 160
_BEFORE_CHARS = 60  # of them at most stand before the first match
_SNAP_CHARS = 20  # so far a cut is moved to fall between words
_ELLIPSIS = "…"
_JOINER = "\N{ZERO WIDTH JOINER}"


class SnippetPart(TypedDict):
    text: str
    is_match: bool


@dataclass(frozen=True)
class Phrase:
    """Words that stand in this order. With `is_prefix`, the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def spelt(self) -> str:
        """The phrase as it stands in the words of a post, with spaces round it."""
        return f" {' '.join(self.words)}{'' if self.is_prefix else ' '}"

    def matches(self, found: Sequence[Word], at: int) -> bool:
        """Whether the phrase begins at place `at` of the words."""
        following = [word.folded for word in found[at : at + len(self.words)]]
        if self.is_prefix and len(following) == len(self.words):
            *before, last = following
            return (*before,) == self.words[:-1] and last.startswith(self.words[-1])
        return (*following,) == self.words


def snippet(text: str, phrases: Sequence[Phrase]) -> list[SnippetPart]:
    """The parts of a snippet in order, with the text and its spaces as they were written."""
    text = composed(text)
    matches = list(_matches(_near_first_match(text, phrases), phrases))
    start, end = _window(text, matches[0][0] if matches else 0)
    return list(_parts(text, matches, start, end))


def _near_first_match(text: str, phrases: Sequence[Phrase]) -> list[Word]:
    """The words from the first match on, as many as can be shown."""
    spaced = f" {searchable(text)} "
    places = [at for phrase in phrases if (at := spaced.find(phrase.spelt)) >= 0]
    if not places:
        return []
    words_before = spaced.count(" ", 0, min(places))
    return list(islice(words(text), words_before, words_before + _MAX_CHARS))


def _matches(found: Sequence[Word], phrases: Sequence[Phrase]) -> Iterator[tuple[int, int]]:
    """Where each match begins and ends, in order; none overlaps another."""
    begin = end = 0
    for at, word in enumerate(found):
        lengths = [len(phrase.words) for phrase in phrases if phrase.matches(found, at)]
        if not lengths:
            continue
        last = found[at + max(lengths) - 1]
        if word.start >= end:
            if end:
                yield begin, end
            begin = word.start
        end = max(end, last.end)
    if end:
        yield begin, end


def _window(text: str, first: int) -> tuple[int, int]:
    """Where the snippet begins and ends, round the first match. A short text is shown whole."""
    if len(text) <= _MAX_CHARS:
        return 0, len(text)
    start = min(max(0, first - _BEFORE_CHARS), len(text) - _MAX_CHARS)
    end = start + _MAX_CHARS
    return _between_words(text, start, 1), _between_words(text, end, -1)


def _between_words(text: str, cut: int, step: int) -> int:
    """The cut, moved inwards to the edge of a word, or at least of a character."""
    if cut in {0, len(text)}:
        return cut
    places = range(cut, cut + step * _SNAP_CHARS, step)
    words_end = (at for at in places if text[at - 1].isspace() != text[at].isspace())
    return next(words_end, next((at for at in places if not _joins(text, at)), cut))


def _joins(text: str, at: int) -> bool:
    """Whether the character at a place belongs to the one before it, or is joined to it."""
    return unicodedata.category(text[at]) in {"Mn", "Mc", "Me", "Cf"} or text[at - 1] == _JOINER


def _parts(
    text: str, matches: Sequence[tuple[int, int]], start: int, end: int
) -> Iterator[SnippetPart]:
    at, pieces = start, []
    for begin, stop in matches:
        if begin < end and stop > start:
            pieces += [(text[at:begin], False), (text[max(at, begin) : min(stop, end)], True)]
            at = min(stop, end)
    pieces.append((text[at:end], False))
    if start > 0:
        pieces.insert(0, (_ELLIPSIS, False))
    if end < len(text):
        pieces.append((_ELLIPSIS, False))
    yield from _joined(pieces)


def _joined(pieces: Sequence[tuple[str, bool]]) -> Iterator[SnippetPart]:
    """The pieces without empty ones, and with the ellipsis in the piece that it stands beside."""
    open_text = ""
    for text, is_match in pieces:
        if is_match:
            if open_text:
                yield {"text": open_text, "is_match": False}
            yield {"text": text, "is_match": True}
            open_text = ""
        else:
            open_text += text
    if open_text:
        yield {"text": open_text, "is_match": False}
