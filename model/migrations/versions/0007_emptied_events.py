"""emptied events: they are about nothing any more, and in no index."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
oldest_code = "0001"  # code of this migration still works afterwards

SHOWS = sa.text("about IS NOT NULL")


def upgrade() -> None:
    events = sa.table("events", sa.column("data"), sa.column("about"))
    op.drop_index("ix_events_topic_about", "events")
    op.execute(  # as code before this migration has emptied them
        sa.update(events)
        .where(events.c.about.is_not(None), events.c.data.like('{"id":%,"gone":true}'))
        .values(about=None)
    )
    op.create_index(
        "ix_events_topic_about", "events", ["topic", "about"],
        sqlite_where=SHOWS, postgresql_where=SHOWS,
    )  # fmt: skip
