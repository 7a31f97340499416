"""deleted channels belong to no group; which topics have events of a person is asked an index."""

import sqlalchemy as sa
from alembic import op

import model.database.table

revision = "0009"
down_revision = "0008"
oldest_code = "0001"  # code of this migration still works afterwards

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KIND = sa.Enum(
    "open", "announce", "private",
    name="kind", native_enum=False, create_constraint=True, length=16,
)  # fmt: skip
CHANNELS = sa.Table(  # as SQLite has to copy it; it does not tell of its constraints
    "channels",
    sa.MetaData(naming_convention=model.database.table.Base.metadata.naming_convention),
    sa.Column("id", NUMBER, nullable=False),
    sa.Column("group_id", NUMBER, nullable=False),
    sa.Column("name", sa.String(), nullable=False),
    sa.Column("description", sa.String(), nullable=False),
    sa.Column("kind", KIND, nullable=False),
    sa.Column("created_at", model.database.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(
        ["group_id"], ["groups.id"], name="fk_channels_group_id", ondelete="CASCADE"
    ),
    sa.PrimaryKeyConstraint("id", name="pk_channels"),
    sa.Index("ix_channels_group_id", "group_id"),
    sqlite_autoincrement=True,
)


def upgrade() -> None:
    with op.batch_alter_table("channels", copy_from=CHANNELS) as batch_op:
        batch_op.alter_column("group_id", existing_type=NUMBER, nullable=True)
        batch_op.drop_constraint("fk_channels_group_id", type_="foreignkey")
        batch_op.create_foreign_key(
            "fk_channels_group_id", "groups", ["group_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_events_topic_by", "events", ["topic", "by"])
