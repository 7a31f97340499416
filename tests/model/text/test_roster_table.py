"""Tables as teachers have them, and what is wrong with those that cannot be read."""

import pytest

from model.errors import Invalid
from model.text.roster_table import RosterRow, read_roster
from model.text.username_proposal import username_like

ANN, BOB = ("Ann Lee", "ann", "ann@school.example"), ("Bob Ray", "", "")

TABLES = {
    "commas": "name,username,email\nAnn Lee,ann,ann@school.example\nBob Ray,,\n",
    "semicolons, CRLF and a byte order mark": (
        "\ufeffname;username;email\r\nAnn Lee;ann;ann@school.example\r\nBob Ray;;\r\n"
    ),
    "tabs, as pasted from a spreadsheet": (
        "Name\tUsername\tE-mail\nAnn Lee\tann\tann@school.example\nBob Ray\t\t"
    ),
    "old line ends, and headings as they come": (
        " FULL NAME ;E-Mail Address;User_Name\rAnn Lee;ann@school.example;ann\rBob Ray"
    ),
    "German headings, surname first": (
        "Nachname;Vorname;Benutzername;E-Mail-Adresse\nLee;Ann;ann;ann@school.example\nRay;Bob\n"
    ),
    "a German name beside the first name": (
        "Name,Vorname,Benutzername,Email\nLee,Ann,ann,ann@school.example\nRay,Bob,,"
    ),
    "quotation marks": (
        '"name","username","email"\n"Ann Lee","ann","ann@school.example"\n"Bob Ray","",""'
    ),
    "empty lines, and what Excel says about separators": (
        "sep=;\nname;username;email\n\n;;\nAnn Lee;ann;ann@school.example\n \nBob Ray;;;\n"
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_however_it_was_saved(name: str) -> None:
    table = read_roster(TABLES[name])
    assert [(row.name, row.username, row.email) for row in table.rows] == [ANN, BOB]
    assert table.ignored == []


def test_names_alone_need_no_heading() -> None:
    table = read_roster("Ann Lee\nBob Ray\n")
    assert table.rows == [RosterRow(1, "Ann Lee", "", ""), RosterRow(2, "Bob Ray", "", "")]


def test_rows_keep_their_lines_and_columns_that_say_nothing_are_named() -> None:
    table = read_roster('name,class,born\n"Ann\nLee",7b,2012\n\nRay; Bob,7b,2013,here\n')
    assert table.rows == [
        RosterRow(2, "Ann\nLee", "", ""),
        RosterRow(5, "Ray; Bob", "", "", surplus=True),
    ]
    assert table.ignored == ["class", "born"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is nothing"),
        ("\ufeff\r\n;;\r\n", "There is nothing"),
        ("name;email\n", "nobody below"),
        ("Lee, Ann\nRay, Bob\n", "The first line has to say"),
        ("email;username\nann@school.example;ann\n", "The first line has to say"),
        ("name;Full Name;Mail;email\nAnn;Ann;a;b\n", "More than one column is “name” and “email”"),
    ],
)
def test_a_table_whose_columns_are_not_clear_is_refused(text: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_roster(text)
    assert said in refused.value.fields["csv"]


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Anna-Lena Müller", "anna-lena-mueller"),
        ("Jörg Weiß", "joerg-weiss"),
        ("Seán O\u2019Connor", "sean-oconnor"),
        ("Žofie Dvořáková", "zofie-dvorakova"),
        ("Дмитрий Щербаков", "dmitriy-shcherbakov"),
        ("王伟", "wangwei"),
        ("李", "li"),
        ("X", "person-x"),
        ("\u200b\u2800 -- ", "person"),
        ("María del Carmen García López Hernández", "maria-hernandez"),
        ("Wolfeschlegelsteinhausenbergerdorff", "wolfeschlegelsteinhausenberger"),
    ],
)
def test_a_username_is_proposed_in_whatever_script_a_name_is(name: str, username: str) -> None:
    assert username_like(name) == username
