"""The words of a text are the same for both databases, and for what is asked."""

import random
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from model.database.unit_of_work import Database
from model.log.event import write_events
from model.post import write_post
from model.text.word import MAX_WORD_CHARS, composed, searchable, words
from tests.support.people import private_channel

ASSIGNED = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(char) not in {"Cn", "Co", "Cs"}
]
EVERY_LETTER = [
    char for char in ASSIGNED if char.isalnum() or unicodedata.category(char) in {"Mn", "Mc"}
]
AT_ONCE = 200

VOCABULARY = "CREATE VIRTUAL TABLE temp.kept USING fts5vocab('main', 'post_search', 'instance')"
IN_SQLITE = (
    "SELECT term AS word FROM temp.kept WHERE doc = :post_id AND col = 'words' ORDER BY \"offset\""
)
IN_POSTGRESQL = """
SELECT lexeme AS word FROM posts, unnest(search) AS kept, unnest(kept.positions) AS place
WHERE id = :post_id ORDER BY place
"""


@given(st.text())
def test_words_are_folded_and_known_by_where_they_stand(written: str) -> None:
    shown = composed(written)
    for word in words(shown):
        assert word.folded in searchable(shown[word.start : word.end])
    once = searchable(written)
    assert once.split() == [word.folded for word in words(shown)]
    assert searchable(once) == once, "what is folded stays"


def test_whatever_unicode_has_is_folded_once_and_for_all() -> None:
    for at in range(0, len(ASSIGNED), AT_ONCE):
        written = " ".join(f"x{char}y" for char in ASSIGNED[at : at + AT_ONCE])
        once = searchable(written)
        assert searchable(once) == once
        assert [word.folded for word in words(composed(written))] == once.split()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("كِتَاب", "كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी", "हिन्दी"),
        ("कुल कल", "कुल कल"),
        ("co\u00adop x\u20d7y e\u200dmail", "coop xy email"),
        ("ไทย\u200bไทย", "ไ ท ย ไ ท ย"),
        ("٣ ३ 3", "3 3 3"),
        ("❤\ufe0f 1\ufe0f\u20e3", "1"),
        ("Ärger STRASSE ﬁx Ⅷ", "arger strasse fix viii"),
    ],
)
def test_marks_are_left_out_unless_they_are_letters(written: str, kept: str) -> None:
    assert searchable(written) == kept


def test_what_is_the_same_text_has_the_same_words() -> None:
    for one, other in (
        ("é", "e\u0301"),
        ("각", "\u1100\u1161\u11a8"),
        ("Å", "\u212b"),
        ("が", "か\u3099"),
    ):
        assert searchable(one) == searchable(other)


def test_a_word_has_an_end() -> None:
    assert searchable("x" * 10_000) == "x" * MAX_WORD_CHARS


def test_of_more_than_thirty_marks_on_a_letter_the_others_are_left_out() -> None:
    few, many = "e" + "\u0315\u0300" * 15, "e" + "\u0315\u0300" * 150
    assert composed(few) != composed(few[:-1])
    assert composed(many) == composed(few)
    assert searchable(f"{many}cole") == "ecole"
    assert searchable("क" + "\u094d\u200d" * 100) == "क" + "\u094d" * 30


async def test_the_databases_cut_no_word_again(database_url: str) -> None:
    """Of many of all letters and digits there are, and of whatever looks like a number."""
    random.seed(7)
    letters = random.sample(EVERY_LETTER, 20_000)
    tricky = ["".join(random.choices("0123456789eExXfé中ж", k=5)) for _ in range(1000)]
    written = [*tricky, *(f"x{letter}y" for letter in letters)]
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        ann, _, channel = await private_channel(db)
        if database.is_sqlite:
            await db.run(text(VOCABULARY))
        kept = text(IN_SQLITE if database.is_sqlite else IN_POSTGRESQL)
        for at in range(0, len(written), AT_ONCE):
            row = " ".join(written[at : at + AT_ONCE])
            post = await write_post(db, channel, row, by=ann)
            found = [each.word for each in await db.all(kept, post_id=post["id"])]
            assert found == searchable(row).split()
    await database.close()
