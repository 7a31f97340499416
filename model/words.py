"""Words as the search indexes of both databases know them, and queries made of them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

DIACRITICS = re.compile("[\u0300-\u036f]")
WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f])+")
QUOTED_OR_NOT = re.compile(r'"([^"]*)"?|([^\s"]+)')


@dataclass(frozen=True)
class Phrase:
    """Words that stand one behind the other; the last one may go on if it `is_prefix`."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def for_sqlite(self) -> str:
        return f'"{" ".join(self.words)}"{" *" if self.is_prefix else ""}'

    @property
    def for_postgresql(self) -> str:
        return " <-> ".join(f"'{word}'" for word in self.words) + (":*" if self.is_prefix else "")

    def has(self, word: str) -> bool:
        return word in self.words or (self.is_prefix and word.startswith(self.words[-1]))


def folded(text: str) -> str:
    """Without case and diacritics."""
    return DIACRITICS.sub("", unicodedata.normalize("NFD", text.lower()))


def words_of(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each word of a text begins and ends, and how it is indexed."""
    for found in WORD.finditer(text):
        yield found.start(), found.end(), folded(found.group())


def phrases_of(query: str) -> list[Phrase]:
    """What must be there: each word, and words in quotes one behind the other.

    The last word is a beginning, unless a quote or a space closes it. Signs divide words that
    still belong together: `e-mail` is found as "e mail".
    """
    phrases = []
    for found in QUOTED_OR_NOT.finditer(query):
        quoted, bare = found.groups()
        words = tuple(word for _, _, word in words_of(quoted if bare is None else bare) if word)
        if words:
            is_prefix = bare is not None and found.end() == len(query)
            phrases.append(Phrase(words, is_prefix))
    return phrases
