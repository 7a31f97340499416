"""Runs migrations on the connection that model/migration.py hands over."""

from alembic import context

from model.database.table import Base
from model.migration import is_compared

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=is_compared,
    render_as_batch=True,  # SQLite alters a table by copying it
    user_module_prefix="model.database.table.",
)
with context.begin_transaction():
    context.run_migrations()
