"""moderation: slow mode, and pins."""

import sqlalchemy as sa
from alembic import op

import model.database.table

revision = "0013"
down_revision = "0012"
oldest_code = "0013"  # older code would let everybody post at once in slow mode

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = model.database.table.Instant(timezone=True)


def upgrade() -> None:
    make_last_posts()
    make_pins()


def make_last_posts() -> None:
    op.create_table(
        "last_posts",
        sa.Column("channel_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_last_posts_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_last_posts_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "user_id", name="pk_last_posts"),
    )
    op.create_index("ix_last_posts_posted_at", "last_posts", ["posted_at"])
    op.create_index("ix_last_posts_user_id", "last_posts", ["user_id"])


def make_pins() -> None:
    op.create_table(
        "pins",
        sa.Column("post_id", NUMBER, nullable=False),
        sa.Column("channel_id", NUMBER, nullable=False),
        sa.Column("pinned_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_pins_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name="fk_pins_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name="pk_pins"),
    )
    op.create_index("ix_pins_channel_id", "pins", ["channel_id"])
