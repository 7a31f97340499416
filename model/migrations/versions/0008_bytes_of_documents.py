"""the bytes of the documents that a person has saved are summed up from an index."""

from alembic import op

revision = "0008"
down_revision = "0007"
oldest_code = "0001"  # code of this migration still works afterwards


def upgrade() -> None:
    op.create_index("ix_documents_saved_by_size_bytes", "documents", ["saved_by", "size_bytes"])
    op.drop_index("ix_documents_saved_by", "documents")
