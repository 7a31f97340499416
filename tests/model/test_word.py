"""The words of a text are the same for both databases, and for what is asked."""

import random
import sys

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from model.db import Database
from model.post import write_post
from model.word import MAX_WORD_CHARS, composed, searchable, words
from tests.people import private_channel

EVERY_LETTER = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isalnum()]
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
def test_words_are_folded_letters_and_digits_where_they_stand(written: str) -> None:
    shown = composed(written)
    for word in words(shown):
        assert word.folded.isalnum()
        assert searchable(shown[word.start : word.end]).replace(" ", "") == word.folded
    once = searchable(written)
    assert searchable(once) == once, "what is folded stays"


def test_what_is_the_same_text_has_the_same_words() -> None:
    for one, other in (
        ("é", "e\u0301"),
        ("각", "\u1100\u1161\u11a8"),
        ("Å", "\u212b"),
        ("が", "か\u3099"),
    ):
        assert searchable(one) == searchable(other)


def test_a_word_has_an_end() -> None:
    assert searchable("x" * 4000) == "x" * MAX_WORD_CHARS


async def test_the_databases_cut_no_word_again(database_url: str) -> None:
    """Of all letters and digits there are, and of whatever looks like a number."""
    random.seed(7)
    tricky = ["".join(random.choices("0123456789eExXfé中ж", k=5)) for _ in range(1000)]
    written = [*tricky, *(f"x{letter}y" for letter in EVERY_LETTER)]
    database = Database(database_url)
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
