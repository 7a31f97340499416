"""moderation: slow mode, pins and reports."""

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
    make_reports()


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


def make_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("group_id", NUMBER, nullable=False),
        sa.Column("channel_id", NUMBER, nullable=False),
        sa.Column("post_id", NUMBER, nullable=True),
        sa.Column("author_id", NUMBER, nullable=True),
        sa.Column("reporter_id", NUMBER, nullable=True),
        sa.Column("of_moderator", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file_names", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("settled_by_id", NUMBER, nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "dismissed",
                "deleted",
                "warned",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name="fk_reports_author_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_reports_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_reports_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name="fk_reports_post_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["users.id"], name="fk_reports_reporter_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["users.id"], name="fk_reports_settled_by_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("post_id", "reporter_id", name="uq_reports_post_id_reporter_id"),
        sqlite_autoincrement=True,
    )
    for column in ("author_id", "channel_id", "reporter_id", "settled_at", "settled_by_id"):
        op.create_index(f"ix_reports_{column}", "reports", [column])
    op.create_index("ix_reports_group_id_id", "reports", ["group_id", "id"])
