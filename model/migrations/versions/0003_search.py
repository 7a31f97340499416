"""search: the words of each post, in the full-text index of either database."""

import sqlalchemy as sa
from alembic import op

from model.text.word import searchable

revision = "0003"
down_revision = "0002"
oldest_code = "0003"  # older code would write posts without their words

BATCH = 1000

SQLITE = (
    """CREATE VIRTUAL TABLE post_search USING fts5(
        words, channel_id, author_id,
        content = 'posts', content_rowid = 'id', tokenize = 'ascii', prefix = '1 2 3', columnsize = 0
    )""",  # `ascii` cuts at spaces only: words are folded already
    """CREATE TRIGGER post_search_added AFTER INSERT ON posts BEGIN
        INSERT INTO post_search (rowid, words, channel_id, author_id)
        VALUES (new.id, new.words, new.channel_id, new.author_id);
    END""",
    """CREATE TRIGGER post_search_edited AFTER UPDATE OF words, channel_id, author_id ON posts BEGIN
        INSERT INTO post_search (post_search, rowid, words, channel_id, author_id)
        VALUES ('delete', old.id, old.words, old.channel_id, old.author_id);
        INSERT INTO post_search (rowid, words, channel_id, author_id)
        VALUES (new.id, new.words, new.channel_id, new.author_id);
    END""",
    """CREATE TRIGGER post_search_deleted AFTER DELETE ON posts BEGIN
        INSERT INTO post_search (post_search, rowid, words, channel_id, author_id)
        VALUES ('delete', old.id, old.words, old.channel_id, old.author_id);
    END""",
    "INSERT INTO post_search (post_search) VALUES ('rebuild')",
)
POSTGRESQL = (
    # to_tsvector would cut again, 83e31c into two words, and each locale would cut otherwise
    """CREATE FUNCTION words_in_order(words text) RETURNS tsvector
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(string_agg(quote_literal(word) || ':' || place, ' '), '')::tsvector
        FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS cut (word, place)
    $$""",
    """ALTER TABLE posts ADD COLUMN search tsvector NOT NULL
        GENERATED ALWAYS AS (words_in_order(words)) STORED""",
    # without a list of what is still to be added, through which every search would go
    "CREATE INDEX ix_posts_search ON posts USING gin (search) WITH (fastupdate = off)",
)


def upgrade() -> None:
    posts = sa.table("posts", sa.column("id"), sa.column("text"), sa.column("words"))
    connection = op.get_bind()
    op.add_column("posts", sa.Column("words", sa.Text(), nullable=False, server_default=""))
    last = 0
    while rows := connection.execute(
        sa.select(posts.c.id, posts.c.text).where(posts.c.id > last).order_by(posts.c.id).limit(BATCH)
    ).all():
        connection.execute(
            sa.update(posts).where(posts.c.id == sa.bindparam("of_post")),
            [{"of_post": row.id, "words": searchable(row.text)} for row in rows],
        )
        last = rows[-1].id
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
