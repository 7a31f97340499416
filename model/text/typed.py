"""What people type, cleaned of what they did not mean; whoever takes it judges it afterwards.

Keyboards, messengers and word processors put spaces, line ends and marks that nobody sees into what
is typed or pasted. How much of that goes depends on what it is: a username or code, a name that
others see, or a text. Passwords are not cleaned.
"""

import re
from unicodedata import normalize

from model.text.word import composed

_LINE_ENDS = "\x0b\x0c\x85\u2028\u2029"
_TEXT = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "")  # control characters (ISO 6429)
_TEXT |= {ord(char): char for char in "\n\r\t"} | dict.fromkeys(map(ord, _LINE_ENDS), "\n")
_SPACES = dict.fromkeys(map(ord, "\xa0\u2007\u202f"), " ")  # at which no line is broken
_HYPHENS = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")

# Default_Ignorable_Code_Point (DerivedCoreProperties.txt of Unicode) and kin, in three parts
_UNSEEN = (  # soft hyphen, direction marks, word joiner, byte order mark and their like
    "\u00ad\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_ZERO_WIDTH = "\u200b-\u200d"  # between letters of some scripts, and in emoji
_BLANK_ALONE = (  # fillers, the blank Braille pattern, and what changes the look of a letter
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0000-\U000e0fff"
)
_UNSEEN_MARK = re.compile(f"[{_UNSEEN}]")
_INVISIBLE = re.compile(f"[{_UNSEEN}{_ZERO_WIDTH}{_BLANK_ALONE}]")
# Latin, Greek, Cyrillic and Armenian words have nothing of zero width, nor has the edge of a word
_JOINED = rf"[^\s\x00-\u058f\u1e00-\u1fff{_ZERO_WIDTH}]"
_ZERO_WIDTHS = re.compile(
    f"(?<={_JOINED})([{_ZERO_WIDTH}])[{_ZERO_WIDTH}]*(?={_JOINED})|[{_ZERO_WIDTH}]"
)


def clean_short(typed: str) -> str:
    """A username or a code: all that is invisible goes, and letters and hyphens become plain.

    Full-width letters and the like are what they stand for (NFKC). Case stays.
    """
    seen = _INVISIBLE.sub("", clean_text(typed))
    return normalize("NFKC", composed(seen)).translate(_HYPHENS).strip()


def clean_name(typed: str) -> str:
    """A name as others will see it, in NFC; empty when nothing of it can be seen.

    Joiners stay in emoji and in words of scripts that need them.
    """
    seen = _UNSEEN_MARK.sub("", clean_text(typed).translate(_SPACES))
    name = composed(_ZERO_WIDTHS.sub(r"\1", seen)).strip()
    return "" if is_blank(name) else name


def clean_text(typed: str) -> str:
    """A text without control characters; those that end a line or a page become line ends."""
    return typed.translate(_TEXT)


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return not _INVISIBLE.sub("", text).strip()
