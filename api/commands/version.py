"""What is asked for first when something is wrong: which versions run here."""

import platform
import sqlite3
from importlib.metadata import version

import click

from api.docs.openapi import VERSION
from model.schema import code_head

_LIBRARIES = (
    "quart", "hypercorn", "sqlalchemy", "aiosqlite", "asyncpg", "pydantic", "msgspec", "redis",
)  # fmt: skip


def _tell_versions(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if not is_asked or context.resilient_parsing:
        return
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    click.echo(f"Homeroom {VERSION}")
    click.echo(
        ", ".join([f"schema {code_head()}", python, f"SQLite {sqlite3.sqlite_version}", *libraries])
    )
    context.exit()


version_option = click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_versions,
    help="Show the versions of Homeroom and of what it runs on.",
)
