"""people: what those who run a group or the server need."""

import sqlalchemy as sa
from alembic import op

import model.database.table

revision = "0012"
down_revision = "0011"
oldest_code = "0012"  # older code would let in who is banned, and let write who is muted

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = model.database.table.Instant(timezone=True)


def upgrade() -> None:
    make_tables()
    add_columns()


def make_tables() -> None:
    op.create_table(
        "account_links",
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "reset",
                "claim",
                "email",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("made_by_id", NUMBER, nullable=True),
        sa.Column("group_id", NUMBER, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_account_links_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name="fk_account_links_made_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_account_links_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "purpose", name="pk_account_links"),
        sa.UniqueConstraint("token_sha256", name="uq_account_links_token_sha256"),
    )
    op.create_index("ix_account_links_expires_at", "account_links", ["expires_at"])
    op.create_index("ix_account_links_group_id", "account_links", ["group_id"])
    op.create_index("ix_account_links_made_by_id", "account_links", ["made_by_id"])

    op.create_table(
        "acts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("group_id", NUMBER, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by_id", NUMBER, nullable=True),
        sa.Column(
            "via",
            sa.Enum(
                "request",
                "command",
                name="via",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("person_id", NUMBER, nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name="fk_acts_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_acts_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["users.id"], name="fk_acts_person_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_acts_at", "acts", ["at"])
    op.create_index("ix_acts_by_id_id", "acts", ["by_id", "id"])
    op.create_index("ix_acts_group_id_id", "acts", ["group_id", "id"])
    op.create_index("ix_acts_person_id_id", "acts", ["person_id", "id"])

    op.create_table(
        "applications",
        sa.Column("group_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_applications_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_applications_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_applications"),
    )
    op.create_index("ix_applications_user_id", "applications", ["user_id"])

    op.create_table(
        "bans",
        sa.Column("group_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_bans_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_bans_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_bans"),
    )
    op.create_index("ix_bans_user_id", "bans", ["user_id"])

    op.create_table(
        "enrolments",
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("group_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_enrolments_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_enrolments_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_enrolments"),
    )
    op.create_index("ix_enrolments_user_id", "enrolments", ["user_id"])

    op.create_table(
        "kept_mutes",
        sa.Column("group_id", NUMBER, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name="fk_kept_mutes_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_kept_mutes_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_kept_mutes"),
    )
    op.create_index("ix_kept_mutes_user_id", "kept_mutes", ["user_id"])

    op.create_table(
        "retired_usernames",
        sa.Column("username_key", sa.String(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        sa.Column("retired_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_retired_usernames_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("username_key", name="pk_retired_usernames"),
    )
    op.create_index("ix_retired_usernames_user_id", "retired_usernames", ["user_id"])


def add_columns() -> None:
    for table in ("channels", "groups"):
        op.add_column(
            table, sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column(
        "channels",
        sa.Column("seconds_between_posts", NUMBER, server_default=sa.text("0"), nullable=False),
    )
    op.add_column("memberships", sa.Column("muted_until", INSTANT))
    with op.batch_alter_table("join_codes") as batch_op:
        batch_op.alter_column("expires_at", existing_type=INSTANT, nullable=True)
    op.add_column("join_codes", sa.Column("code", sa.String()))
    add_choice("join_codes", "admission", ["code", "approval"])
    add_choice("sessions", "scope", ["session", "read", "write"])
    op.add_column(
        "sessions", sa.Column("prolonged", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("sessions", sa.Column("name", sa.String()))
    op.add_column("sessions", sa.Column("confirmed_at", INSTANT))
    op.add_column("sessions", sa.Column("used_at", INSTANT))
    op.add_column("sessions", sa.Column("address", sa.String()))
    for name in ("email_confirmed", "may_enrol"):
        op.add_column(
            "users", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column("users", sa.Column("last_seen_on", INSTANT))


def add_choice(table: str, column: str, choices: list[str]) -> None:
    """Add a column that takes one of some values, the first of them where none is given.

    Alembic would have SQLite copy the table.
    """
    values = ", ".join(f"'{choice}'" for choice in choices)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(16) DEFAULT '{choices[0]}' NOT NULL"
        f" CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({values}))"
    )
