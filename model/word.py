"""The words of a text: what is kept to search in, what is asked for and what a snippet shows.

Both databases get words that are cut here, so that both find the same: folded, so that neither
case nor diacritics matter, and of letters and digits alone. Scripts that put no space between
words (Chinese, Japanese, Thai and their neighbours) give a word a letter. `searchable` decides what
is kept in `posts.words`: whoever changes it changes the words of all posts by a migration.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_WORD_CHARS = 100  # of a longer one the rest is left out: PostgreSQL takes no more than 2 KB
KNOWN_CHARS = 8192
RUNS = re.compile(r"([0-9A-Za-z]+)|[^0-9A-Za-z\x80-\U0010ffff]+|([^\x00-\x7f])")
DIACRITICS = re.compile("[\u0300-\u036f]")
WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


@dataclass(frozen=True)
class Word:
    """Where it stands in the composed text: the first character, and the one behind the last."""

    folded: str
    start: int
    end: int


def searchable(text: str) -> str:
    """Its words with a space between."""
    return " ".join(word.folded for word in words(composed(text)))


def composed(text: str) -> str:
    """The same text; a letter and its diacritics are one character where there is one."""
    return unicodedata.normalize("NFC", text)


def words(text: str) -> Iterator[Word]:
    """Of a composed text, in order."""
    letters: list[str] = []
    start = 0
    for run in RUNS.finditer(text):
        ascii_word, char = run.groups()
        folded = ascii_word.lower() if ascii_word else _fold(char) if char else None
        is_alone = bool(folded and char and WITHOUT_SPACES.match(char))
        if letters and (folded is None or is_alone):
            yield _word(letters, start, run.start())
            letters = []
        if folded:
            start = start if letters else run.start()
            letters.append(folded)
        if is_alone:
            yield _word(letters, start, run.end())
            letters = []
    if letters:
        yield _word(letters, start, len(text))


def _word(letters: list[str], start: int, end: int) -> Word:
    return Word("".join(letters)[:MAX_WORD_CHARS], start, end)


@lru_cache(KNOWN_CHARS)
def _fold(char: str) -> str | None:
    """Letters or digits; nothing for a diacritic that stands alone; None between words."""
    if DIACRITICS.match(char):
        return ""
    if not char.isalnum():
        return None
    folded = _without_diacritics(_without_diacritics(char).casefold())
    folded = unicodedata.normalize("NFC", folded)
    are_letters = all(each.isalpha() or each.isdecimal() for each in folded)
    return folded if are_letters else None


def _without_diacritics(text: str) -> str:
    return DIACRITICS.sub("", unicodedata.normalize("NFKD", text))
