"""What comes before anything is served or changed: the folder is opened, the database migrated."""

import asyncio

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.instance import open_instance
from api.settings import Settings, WrongSettings
from model.database.failure import without_values
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
        asyncio.run(prepare(address, lossy=settings.is_lossy))
    except (WrongSettings, SchemaMismatch) as error:
        raise CannotStart(str(error)) from None
    except (DBAPIError, OSError) as error:
        raise CannotStart(_said(address, error)) from None
    return signing_key


def _said(address: URL, error: DBAPIError | OSError) -> str:
    if isinstance(error, OSError):
        return f"The database does not answer: {error}"
    if address.get_backend_name() == "sqlite":
        return f"The database {address.database} cannot be used: {error.orig}."
    return (
        f"The database does not answer: {without_values(error) if error.statement else error.orig}"
    )
