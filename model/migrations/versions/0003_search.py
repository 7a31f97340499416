"""search: the words of posts, in the same transaction as the posts.

Whoever rebuilds the table `posts` on SQLite (batch mode) makes the triggers again.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
oldest_code = "0001"  # code of this migration still works afterwards

SQLITE = (
    """
    CREATE VIRTUAL TABLE post_words USING fts5(
        text, channel_id, content='posts', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='1 2 3'
    )
    """,
    """
    CREATE TRIGGER post_words_added AFTER INSERT ON posts BEGIN
        INSERT INTO post_words(rowid, text, channel_id)
        VALUES (new.id, new.text, new.channel_id);
    END
    """,
    """
    CREATE TRIGGER post_words_removed AFTER DELETE ON posts BEGIN
        INSERT INTO post_words(post_words, rowid, text, channel_id)
        VALUES ('delete', old.id, old.text, old.channel_id);
    END
    """,
    """
    CREATE TRIGGER post_words_changed AFTER UPDATE OF text, channel_id ON posts BEGIN
        INSERT INTO post_words(post_words, rowid, text, channel_id)
        VALUES ('delete', old.id, old.text, old.channel_id);
        INSERT INTO post_words(rowid, text, channel_id)
        VALUES (new.id, new.text, new.channel_id);
    END
    """,
    "INSERT INTO post_words(post_words) VALUES ('rebuild')",
)

# What unicode61 with remove_diacritics does: lower case, no diacritics, words of letters and digits.
# The collation names the letters, whatever the locale of the database is.
POSTGRESQL = (
    r"""
    ALTER TABLE posts ADD COLUMN words tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', regexp_replace(
            regexp_replace(normalize(lower(text COLLATE "und-x-icu"), NFD), '[\u0300-\u036F]', '', 'g'),
            '[^[:alnum:]]+', ' ', 'g'
        ))
    ) STORED
    """,
    "CREATE INDEX ix_posts_words ON posts USING gin (words)",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if is_sqlite else POSTGRESQL:
        op.execute(statement)
