"""Tables of people as schools have them: their headings in English or German, in any order.

The columns that are not known are left out, and named. Names alone, one in each line, need no
heading.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from model.errors import Invalid
from model.text.csv_table import CsvRow, read_csv
from model.text.typed import clean_short


class Column(StrEnum):
    NAME = "name"
    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    USERNAME = "username"
    EMAIL = "email"


@dataclass(frozen=True)
class RosterRow:
    """What a table says of a person, as it stands there; `surplus` cells are under no heading."""

    line: int
    name: str
    username: str
    email: str
    surplus: bool = False


@dataclass(frozen=True)
class RosterTable:
    """The people of a table, and the headings of columns that say nothing we keep."""

    rows: list[RosterRow]
    ignored: list[str]


_HEADINGS = {
    Column.NAME: "name fullname displayname student pupil member schüler schülerin schülername",
    Column.FIRST_NAME: "firstname givenname forename vorname vornamen rufname",
    Column.LAST_NAME: "lastname surname familyname nachname familienname zuname",
    Column.USERNAME: "username user login account benutzername benutzer nutzername anmeldename",
    Column.EMAIL: "email emailaddress mail emailadresse mailadresse",
}
_COLUMNS = {word: column for column, words in _HEADINGS.items() for word in words.split()}
_MARKS = re.compile(r"[\W_]+")
_NEEDED = "The first line has to say what the columns are: name (or first name and last name), \
and if you like username and email."


def read_roster(text: str) -> RosterTable:
    """The people of a table. Raises Invalid, with the field `csv`, unless its columns are clear."""
    found = [*read_csv(text)]
    if not found:
        raise Invalid({"csv": "There is nothing in this table."})
    first, *others = found
    columns = _columns_of(first.cells)
    if not columns and all(len(row.cells) == 1 for row in found):
        return RosterTable([RosterRow(row.line, row.cells[0], "", "") for row in found], [])
    _require_names(columns)
    ignored = [cell for at, cell in enumerate(first.cells) if cell and at not in columns]
    rows = [_row(other, columns, len(first.cells)) for other in others]
    if not rows:
        raise Invalid({"csv": "There is nobody below the headings."})
    return RosterTable(rows, ignored)


def _columns_of(headings: Sequence[str]) -> dict[int, Column]:
    """Which cell of a row is what. A name beside a first name is the last name."""
    words = [_MARKS.sub("", clean_short(heading).casefold()) for heading in headings]
    columns = {at: _COLUMNS[word] for at, word in enumerate(words) if word in _COLUMNS}
    known = set(columns.values())
    if Column.FIRST_NAME in known and Column.LAST_NAME not in known:
        return {
            at: Column.LAST_NAME if column == Column.NAME else column
            for at, column in columns.items()
        }
    return columns


def _require_names(columns: Mapping[int, Column]) -> None:
    """Raises Invalid unless the columns say what people are called, and each says so once."""
    counts = Counter(columns.values())
    if not counts.keys() & {Column.NAME, Column.FIRST_NAME, Column.LAST_NAME}:
        raise Invalid({"csv": _NEEDED})
    twice = [f"“{column}”" for column, count in counts.items() if count > 1]
    if twice:
        raise Invalid({"csv": f"More than one column is {' and '.join(twice)}."})


def _row(row: CsvRow, columns: Mapping[int, Column], width: int) -> RosterRow:
    said = {column: row.cells[at] for at, column in columns.items() if at < len(row.cells)}
    parts = [said.get(column, "") for column in (Column.FIRST_NAME, Column.LAST_NAME)]
    name = said.get(Column.NAME) or " ".join(filter(None, parts))
    username, email = said.get(Column.USERNAME, ""), said.get(Column.EMAIL, "")
    return RosterRow(row.line, name, username, email, surplus=any(row.cells[width:]))
