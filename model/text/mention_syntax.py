"""Mentions in a text: `@username`, but not inside words, addresses and code.

Code and addresses are what Markdown makes of them. `static/posts/mention_syntax.js` marks the same
on the board.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator

# With accented, Greek and Cyrillic letters; those of scripts that part no words may touch a name
_WORD = r"A-Za-z0-9\u00c0-\u058f\u1e00-\u1fff"
_HYPHENS = str.maketrans("\u2010\u2011", "--")  # as word processors write them
_NEWLINE = re.compile(r"\r\n?")
_FENCE = re.compile(
    r"""
    ^ (?P<quote>(?:\ {0,3}>)*) (?P<item>\ {0,3}(?:[-+*]|\d{1,9}[.)])(?=\ ))? \ {0,3}
    (?=(?P<mark>[`~])) (?P<fence>`{3,}(?=[^`\n]*$)|~{3,}) .*
    (?:                                         # as long as its quote and its item go on
        \n (?P=quote) (?(item)(?=\ \ |[ \t]*$))
        (?!\ {0,3}(?P=fence)(?P=mark)*[ \t]*$) .*
    )*
    (?: \n (?P=quote) (?(item)\ \ ) \ {0,3}(?P=fence)(?P=mark)*[ \t]*$ )?
    """,
    re.VERBOSE | re.MULTILINE,
)
_TO_QUOTE = re.compile(r"^(?!\ {0,3}>)(.*)\n(?=\ {0,3}>)", re.MULTILINE)
_NEXT_BLOCK = re.compile(r"\n(?=[ \t>]*(?:$|(?:[-+*]|\d{1,9}[.)])[ \t]))", re.MULTILINE)
# Nothing begins within what was matched before it, as when Markdown reads a block
_TOKEN = re.compile(
    rf"""
      \\[!-/:-@\[-`{{-~]                        # escaped: a mark no more
    | (?P<marks>`+)                             # of code, if as many close it
    | (?<![A-Za-z0-9.+-]) [Hh][Tt][Tt][Pp][Ss]?://
      [A-Za-z0-9\x80-\U0010ffff.:-]+ (?: [/?#] (?: [^\s<>()\[\]{{}}"'|] | \([^\s()]*\) )* )?
    | (?<![{_WORD}@./\\_-]) _* @(?P<name>[A-Za-z0-9_-]{{2,39}})[_-]* (?![{_WORD}@_-])
    """,
    re.VERBOSE,
)
_MARKS = re.compile("`+")


def names_in(text: str) -> list[str]:
    """The names that a text mentions, in lower case, each once, in their order.

    Some may be nobody's.
    """
    if "@" not in text:
        return []
    prose = _FENCE.sub("\n", _NEWLINE.sub("\n", text.translate(_HYPHENS)))
    blocks = _NEXT_BLOCK.split(_TO_QUOTE.sub(r"\1\n\n", prose))
    return list(dict.fromkeys(name.lower() for block in blocks for name in _names_in_block(block)))


def readings(name: str) -> list[str]:
    """The names that a mention can mean, longest first: the first that is somebody's counts.

    Marks at its end may be Markdown's.
    """
    shortest = len(name.rstrip("_-"))
    return [name[:end] for end in range(len(name), shortest - 1, -1)]


def _names_in_block(block: str) -> Iterator[str]:
    """The names outside of code, in time that grows with the block: no run is looked for again."""
    ends = defaultdict[int, deque[int]](deque)
    for marks in _MARKS.finditer(block):
        ends[len(marks[0])].append(marks.end())
    at = 0
    while token := _TOKEN.search(block, at):
        at = token.end()
        if token["marks"]:
            closing = ends[len(token["marks"])]
            while closing and closing[0] <= at:
                closing.popleft()
            at = closing[0] if closing else at
        elif token["name"]:
            yield token["name"]
