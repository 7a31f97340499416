"""Usernames proposed for people by what they are called, in whatever script that is written."""

import re

from anyascii import anyascii

from model.text.typed import clean_name

_MOST_CHARS = 30  # so that a number has room behind it
_FEWEST_CHARS = 2
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # DIN 5007-2; others just lose the dots
_WITHIN_A_WORD = re.compile("['`:]")
_BETWEEN_WORDS = re.compile("[^a-z0-9]+")


def username_like(name: str) -> str:
    """`anna-lena-mueller` for Anna-Lena Müller; `person` for a name without any letter.

    Of a long name the first and the last word are left.
    """
    plain = anyascii(clean_name(name).lower().translate(_GERMAN)).lower()
    words = _BETWEEN_WORDS.sub(" ", _WITHIN_A_WORD.sub("", plain)).split()
    if len("-".join(words)) > _MOST_CHARS:
        words = [words[0], *words[1:][-1:]]
    joined = "-".join(words)[:_MOST_CHARS].strip("-")
    return joined if len(joined) >= _FEWEST_CHARS else "-".join(["person", *words])


def numbered(username: str, number: int) -> str:
    """The username for whoever is called so as the second, third and so on."""
    return f"{username}-{number}" if number > 1 else username
