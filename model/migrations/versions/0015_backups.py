"""backups: what there is, what is being made, and what is wanted."""

import sqlalchemy as sa
from alembic import op

import model.database.table

revision = '0015'
down_revision = '0014'
oldest_code = '0014'  # code of this migration still works afterwards


def upgrade() -> None:
    op.create_table('backups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('origin', sa.Enum('scheduled', 'asked', 'command', 'found', name='origin', native_enum=False, create_constraint=True, length=16), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'running', 'done', 'failed', 'leaving', name='state', native_enum=False, create_constraint=True, length=16), nullable=False),
    sa.Column('percent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('with_files', sa.Boolean(), nullable=False),
    sa.Column('elsewhere', sa.Boolean(), nullable=False),
    sa.Column('node', sa.String(), nullable=True),
    sa.Column('problem', sa.String(), nullable=True),
    sa.Column('size_bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sha256', sa.String(), nullable=True),
    sa.Column('lost_files', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', model.database.table.Instant(timezone=True), nullable=False),
    sa.Column('made_at', model.database.table.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backups')),
    sqlite_autoincrement=True
    )
