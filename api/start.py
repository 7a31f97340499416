"""What comes before anything is served or changed: the folder is opened, the database migrated."""

import asyncio
import sqlite3

import click
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.docs.openapi import VERSION
from api.instance import open_instance
from api.settings import Settings, WrongSettings
from model.backups.archive import Unusable
from model.backups.before_update import back_up_before_update, is_behind
from model.database.failure import without_values
from model.database.lock import InUse, serving
from model.errors import Refusal
from model.schema import SchemaMismatch, prepare


class CannotStart(Exception):
    """The message is one line for whoever started it."""


def make_ready(settings: Settings) -> bytes:
    """The key for signatures, once the folder is open and the database up to date.

    Raises CannotStart.
    """
    address = settings.database_address
    try:
        signing_key = open_instance(settings)
        asyncio.run(_prepare(settings))
    except (WrongSettings, SchemaMismatch, InUse, Unusable, Refusal) as error:
        raise CannotStart(str(error)) from None
    except (sqlite3.Error, DBAPIError, OSError) as error:
        raise CannotStart(_said(address, error)) from None
    return signing_key


async def _prepare(settings: Settings) -> None:
    address, instance = settings.database_address, settings.instance
    async with serving(address, instance):
        if is_behind(address):
            folder, lock = instance / "backups", instance / "jobs.lock"
            saved = await back_up_before_update(address, folder, version=VERSION, lock=lock)
            click.echo(f"The database is updated. As it was before, it is in {saved}.", err=True)
        await prepare(address, lossy=settings.is_lossy)


def _said(address: URL, error: sqlite3.Error | DBAPIError | OSError) -> str:
    if isinstance(error, OSError):
        return f"The database does not answer: {error}"
    if isinstance(error, sqlite3.Error) or address.get_backend_name() == "sqlite":
        said = error.orig if isinstance(error, DBAPIError) else error
        return f"The database {address.database} cannot be used: {said}."
    return (
        f"The database does not answer: {without_values(error) if error.statement else error.orig}"
    )
