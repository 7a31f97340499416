"""The command that moves everything to another database."""

import asyncio
import os
import sqlite3
import sys

import click
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.commands.run import owner_settings
from api.settings import PREFIX
from model.copying.move import move, place_of
from model.copying.rows import CannotCopy
from model.database.address import database_address
from model.database.failure import FAILURES, without_values
from model.database.lock import InUse
from model.schema import SchemaMismatch


def as_address(_: click.Context, __: click.Parameter, typed: str) -> URL:
    try:
        address = database_address(typed)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None
    if not address.database:
        raise click.BadParameter("it names no database.")
    return address


@click.command("copy-to")
@click.argument("url", callback=as_address)
def copy_to(url: URL) -> None:
    """Move everything but the files to another database, while the server is stopped.

    URL is like postgresql://user:password@host/name, or sqlite:///folder/app.db. The database of
    before is not started any more. When this was interrupted, say it again.
    """
    settings = owner_settings()
    source, done = settings.database_address, 0
    os.umask(0o077)
    bar = click.progressbar(length=100, label="Copying", file=sys.stderr)

    def told(percent: int) -> None:
        nonlocal done
        bar.update(percent - done)
        done = percent

    try:
        with bar:
            asyncio.run(move(source, url, settings.instance, told))
    except (CannotCopy, InUse, SchemaMismatch) as error:
        raise click.ClickException(str(error)) from None
    except FAILURES as error:
        reason = f"A database does not do its part: {_said(error)}. Nothing is lost: say it again."
        raise click.ClickException(reason) from None
    click.echo(f"Everything is in {place_of(url)} now, and {place_of(source)} starts no more.")
    click.echo(f"Set {PREFIX}DATABASE_URL to that address, and start the server.")


def _said(error: Exception) -> str:
    if isinstance(error, DBAPIError) and error.statement is None:
        return str(error.orig)
    return str(error if isinstance(error, OSError | sqlite3.Error) else without_values(error))


COMMANDS = (copy_to,)
