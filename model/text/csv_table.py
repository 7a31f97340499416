"""Tables as spreadsheets keep them (RFC 4180), written so that none runs what a person has typed.

A spreadsheet takes for a formula whatever begins with one of `= + - @`. Some cut at semicolons or
tabs instead of commas, and then a cell begins in the middle of ours. So an apostrophe stands before
such a sign wherever a cell may begin. What is read is cut where its first line is cut most.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import NamedTuple

_BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
FORMULA_SIGNS = "=+-@＝＋－＠"  # noqa: RUF001 - some read the full-width ones, too
_SEPARATORS = set(",;|\t\r\n")
_BEFORE_SIGN = re.compile(rf"""(?<![\s",;|])[\s",;|]*+(?=[{re.escape(FORMULA_SIGNS)}])""")
_QUOTED = re.compile(r"""[\s",;|']""")
_READ_SEPARATORS = ",;\t"
_SAYS_SEPARATOR = re.compile("sep=([,;\t])\n", re.IGNORECASE)  # as Excel writes it
_IN_QUOTES = re.compile('"[^"]*"?')


class CsvRow(NamedTuple):
    """The cells of a row, and the number of the line where it begins."""

    line: int
    cells: list[str]


def read_csv(text: str) -> Iterator[CsvRow]:
    """The rows in which there is anything, their cells without spaces at the ends.

    Commas, semicolons and tabs separate, any line ends end, and quotation marks may hold both.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    said = _SAYS_SEPARATOR.match(text)
    separator = said[1] if said else _separator_of(text)
    reader = csv.reader(StringIO(text), delimiter=separator)
    line = 1
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped) and not (said and line == 1):
            yield CsvRow(line, stripped)
        line = reader.line_num + 1


def _separator_of(text: str) -> str:
    heading = text.lstrip().partition("\n")[0]
    plain = _IN_QUOTES.sub("", heading)
    return max(_READ_SEPARATORS, key=plain.count)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole file: it begins with a byte order mark, and is to be encoded in UTF-8."""
    return _BYTE_ORDER_MARK + "".join(map(csv_line, (header, *rows)))


def csv_line(cells: Iterable[object]) -> str:
    """A line of a file, with its end. Instants are written as in JSON, and None as nothing."""
    return ",".join(map(_cell, cells)) + "\r\n"


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = _BEFORE_SIGN.sub(_with_apostrophe, _text(value))
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if _QUOTED.search(text) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_apostrophe(before: re.Match[str]) -> str:
    begins_a_cell = not before.start() or _SEPARATORS & set(before[0])
    return f"{before[0]}'" if begins_a_cell else before[0]
