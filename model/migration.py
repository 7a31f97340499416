"""Migrations are run and written. Only this file, and the migrations, use Alembic."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from model.search import POSTGRESQL_COLUMN, POSTGRESQL_INDEX, SQLITE_TABLE

_MIGRATIONS = "model:migrations"  # the folder, by its name in the package
_BY_HAND = {  # made by migrations, on one kind of database only: no table of the code has it
    "table": tuple(SQLITE_TABLE + of for of in ("", "_data", "_idx", "_config")),
    "column": (POSTGRESQL_COLUMN,),
    "index": (POSTGRESQL_INDEX,),
}

_Parent = Literal["schema_name", "table_name", "schema_qualified_table_name"]


def upgrade(connection: Connection, to: str = "head") -> str:
    """Run what is missing, up to a migration. The oldest code that can still work afterwards."""
    config = _config(connection)
    command.upgrade(config, to)
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    return max(str(revision.module.oldest_code) for revision in revisions)


def write(connection: Connection, message: str, number: str) -> Path:
    """Write a migration: what the tables in the code have and the database has not."""
    made = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    return Path(made.path)  # type: ignore[union-attr] # one revision, so no list


def is_compared(name: str | None, kind: str, parents: Mapping[_Parent, str | None]) -> bool:
    """Whether Alembic holds what is in the database against the tables of the code."""
    in_posts = kind == "table" or parents.get("table_name") == "posts"
    return not (in_posts and name in _BY_HAND.get(kind, ()))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
