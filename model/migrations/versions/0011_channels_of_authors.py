"""in which channels somebody is shown is read from an index."""

from alembic import op

revision = "0011"
down_revision = "0010"
oldest_code = "0001"  # code of this migration still works afterwards


def upgrade() -> None:
    for table, author in (("posts", "author_id"), ("scores", "player_id")):
        op.create_index(f"ix_{table}_{author}_channel_id", table, [author, "channel_id"])
        op.drop_index(f"ix_{table}_{author}", table)
