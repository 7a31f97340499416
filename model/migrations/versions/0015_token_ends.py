"""a personal access token may have an end that no use moves."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
oldest_code = "0012"  # code of this migration still works afterwards


def upgrade() -> None:
    op.add_column(
        "sessions", sa.Column("prolonged", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
