"""exports: a ZIP of a group, or of what is a person's own."""

import sqlalchemy as sa
from alembic import op

import model.database.table

revision = '0014'
down_revision = '0013'
oldest_code = '0013'  # code of this migration still works afterwards


def upgrade() -> None:
    op.create_table('exports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('blob_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'running', 'done', 'failed', name='state', native_enum=False, create_constraint=True, length=16), nullable=False),
    sa.Column('percent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('problem', sa.String(), nullable=True),
    sa.Column('created_at', model.database.table.Instant(timezone=True), nullable=False),
    sa.Column('finished_at', model.database.table.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['blob_id'], ['blobs.id'], name=op.f('fk_exports_blob_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['group_id'], ['groups.id'], name=op.f('fk_exports_group_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_exports_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exports')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('exports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exports_blob_id'), ['blob_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_exports_group_id_created_at'), ['group_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_exports_user_id'), ['user_id'], unique=False)

