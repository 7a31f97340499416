"""Mentions in a text: `@username`, but not inside words, addresses and code.

Code and addresses are what Markdown makes of them. `static/posts/mention_syntax.js` marks the same
on the board.
"""

import re

# With accented, Greek and Cyrillic letters; those of scripts that part no words may touch a name
_WORD = r"A-Za-z0-9\u00c0-\u058f\u1e00-\u1fff"
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
    | (`+)(?!`) .+? (?<!`)\1(?!`)               # code, between as many
    | `+                                        # which nothing closes
    | (?<![A-Za-z0-9.+-]) [Hh][Tt][Tt][Pp][Ss]?://
      [A-Za-z0-9\x80-\U0010ffff.:-]+ (?: [/?#] (?: [^\s<>()\[\]{{}}"'|] | \([^\s()]*\) )* )?
    | (?<![{_WORD}@./\\_-]) _* @(?P<name>[A-Za-z0-9_-]{{2,39}})[_-]* (?![{_WORD}@_-])
    """,
    re.VERBOSE | re.DOTALL,
)


def names_in(text: str) -> list[str]:
    """The names that a text mentions, in lower case, each once, in their order.

    Some may be nobody's.
    """
    if "@" not in text:
        return []
    prose = _FENCE.sub("\n", _NEWLINE.sub("\n", text))
    blocks = _NEXT_BLOCK.split(_TO_QUOTE.sub(r"\1\n\n", prose))
    found = (match["name"] for block in blocks for match in _TOKEN.finditer(block))
    return list(dict.fromkeys(name.lower() for name in found if name))


def readings(name: str) -> list[str]:
    """The names that a mention can mean, longest first: the first that is somebody's counts.

    Marks at its end may be Markdown's.
    """
    shortest = len(name.rstrip("_-"))
    return [name[:end] for end in range(len(name), shortest - 1, -1)]
