"""${message}."""

import sqlalchemy as sa
from alembic import op

import model.database.table
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
oldest_code = ${repr(down_revision or up_revision)}  # code of this migration still works afterwards


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
