"""The words of a text: those that are kept to search in, asked for, and shown by a snippet.

Both databases get words that are cut here, so that both find the same. They are folded, so that
neither case nor diacritics nor strokes matter, and consist of letters, digits and vowel signs, but
for `++` and `#` at the end, as in C++ and C#. In scripts that put no space between words (Chinese,
Japanese, Thai and their neighbours), a letter is a word.
`searchable` decides what is kept in `posts.words`: whoever changes it changes the words of all
posts by a migration.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple
from unicodedata import category, combining, decimal, lookup, name, normalize

MAX_WORD_CHARS = 100  # of a longer one the rest is left out: PostgreSQL takes no more than 2 KB
_ZERO_WIDTH_SPACE = "\u200b"
_IGNORED = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_POINTS = range(10, 37)  # combining classes (UAX 44) of Hebrew, Arabic and Syriac vowel points
_ACCENTS_FROM = 200  # and of whatever stands above, below or beside letters of any script
_MAX_MARKS = 30  # on one letter, as in the stream-safe text format of UAX 15
_MAYBE_MANY_MARKS = re.compile(rf"[^\w\s]{{{_MAX_MARKS + 1},}}")  # a mark is no letter
_LATIN_WITH = re.compile("(LATIN (?:SMALL|CAPITAL) LETTER .+) WITH .+")
# As in the transform Latin-ASCII of Unicode's CLDR; it takes strokes and hooks away, too
_LIKE = dict(zip("ıæœðþŋĸ", ("i", "ae", "oe", "d", "th", "n", "q"), strict=True))
_SIGN = re.compile("(?<=[A-Za-zＡ-Ｚａ-ｚ])(?:[+]{2}|#(?=(.?)))", re.DOTALL)  # noqa: RUF001
_PLUS, _LAST_PLUS, _HASH = "\uff0b", "\ufe62", "\uff03"  # at which no database cuts
_PLAIN_SIGNS = str.maketrans({_PLUS: "+", _LAST_PLUS: "+", _HASH: "#"})
_FOLDED_SIGNS = {_PLUS: _PLUS, _LAST_PLUS: f"{_PLUS} ", _HASH: f"{_HASH} "}
_LETTERS_END = 0x40000  # what lies beyond would fill memory, and is no letter


class Word(NamedTuple):
    """A folded word, and where it is in the composed text: from `start` to before `end`."""

    folded: str
    start: int
    end: int


class _Folds(dict[int, str]):
    """A table for `str.translate`: each character folded, or a space where a word ends.

    What belongs to the letter before it, such as an accent, becomes nothing.
    """

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if code < _LETTERS_END:
            self[code] = folded
        return folded


_FOLDS = _Folds()


def searchable(text: str) -> str:
    """The words of a text with a space between them."""
    folded = composed(_with_signs(composed(text)).translate(_FOLDS))
    return " ".join(word[:MAX_WORD_CHARS] for word in folded.split())


def composed(text: str) -> str:
    """The text with one character for a letter and its diacritics, where there is one.

    Of more than 30 marks on a letter the rest is left out: sorting them would be quadratic.
    """
    return normalize("NFC", _MAYBE_MANY_MARKS.sub(_with_fewer_marks, text))


def words(text: str) -> Iterator[Word]:
    """The words of a composed text in order: those of `searchable`, with their places."""
    letters, start, end = "", 0, 0
    for at, char in enumerate(f"{_with_signs(text)} "):
        folded = _FOLDS[ord(char)]
        for letter in folded:
            if letter != " ":
                start = start if letters else at
                letters += letter
                end = at + 1
            elif letters:
                yield Word(composed(letters)[:MAX_WORD_CHARS], start, end)
                letters = ""
        if not folded:
            end = at + 1


def _with_signs(text: str) -> str:
    """The text with signs at the end of a word as characters of it, as many as before."""
    return _SIGN.sub(_kept_sign, text.translate(_PLAIN_SIGNS))


def _kept_sign(sign: re.Match[str]) -> str:
    if sign[0] == "++":
        return _PLUS + _LAST_PLUS
    ends_word = not sign[1] or _FOLDS[ord(sign[1])].startswith(" ")
    return _HASH if ends_word else sign[0]


def _with_fewer_marks(run: re.Match[str]) -> str:
    kept, marks = "", 0
    for char in run[0]:
        marks = marks + 1 if category(char).startswith("M") else 0
        if marks <= _MAX_MARKS:
            kept += char
    return kept


def _fold(char: str) -> str:
    if _belongs_to_a_letter(char):
        return ""
    if char in _FOLDED_SIGNS:
        return _FOLDED_SIGNS[char]
    if not _is_of_a_word(char):
        return " "
    folded = normalize("NFC", _plain(_plain(char).casefold()))
    if not folded or not all(map(_is_of_a_word, folded)):
        return " "
    return f" {' '.join(folded)} " if _WITHOUT_SPACES.search(folded) else folded


def _plain(text: str) -> str:
    """The text without diacritics and strokes, and with digits as 0 to 9."""
    kept = (c for c in normalize("NFKD", text) if not _belongs_to_a_letter(c))
    return "".join(str(decimal(char, _bare(char))) for char in kept)


def _bare(letter: str) -> str:
    """A Latin letter without what its name says that it is with."""
    if found := _LATIN_WITH.fullmatch(name(letter, "")):
        with suppress(KeyError):
            return lookup(found[1])
    return _LIKE.get(letter, letter)


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or category(char) in {"Mn", "Mc"}


def _belongs_to_a_letter(char: str) -> bool:
    """Whether it is an accent, a vowel point, or not seen. Vowel signs are letters themselves."""
    kind, place = category(char), combining(char)
    if kind == "Cf":
        return char != _ZERO_WIDTH_SPACE
    is_accent = place in _POINTS or place >= _ACCENTS_FROM
    return kind == "Me" or (kind == "Mn" and (is_accent or bool(_IGNORED.match(char))))
