"""deleted channels belong to no group; which topics have events of a person is asked an index."""

from collections.abc import Callable

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

LAST_NUMBER = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
OF_CHANNELS = LAST_NUMBER.c.name == "channels"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        keep_last_number(copy_channels)
    else:
        copy_channels()
    op.create_index("ix_events_topic_by", "events", ["topic", "by"])


def keep_last_number(copy: Callable[[], None]) -> None:
    """A copied table would give the numbers of deleted channels out again."""
    last = op.get_bind().scalar(sa.select(LAST_NUMBER.c.seq).where(OF_CHANNELS))
    copy()
    op.execute(sa.delete(LAST_NUMBER).where(OF_CHANNELS))
    if last is not None:
        op.execute(sa.insert(LAST_NUMBER).values(name="channels", seq=last))


def copy_channels() -> None:
    with op.batch_alter_table("channels", copy_from=CHANNELS) as batch_op:
        batch_op.alter_column("group_id", existing_type=NUMBER, nullable=True)
        batch_op.drop_constraint("fk_channels_group_id", type_="foreignkey")
        batch_op.create_foreign_key(
            "fk_channels_group_id", "groups", ["group_id"], ["id"], ondelete="SET NULL"
        )
