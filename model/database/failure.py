"""What it means that a database has refused a statement, and what is said of a bug.

That names the statement and the columns, and never the values that it was given.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import asyncpg
from sqlalchemy.exc import DBAPIError

from model.errors import DiskFailed, Refusal, StorageFull, TooSlow, TryAgain

FAILURES = (
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    DBAPIError,
    OSError,
)
"""What comes from the drivers, and from SQLAlchemy above them."""

LOCK_NOT_AVAILABLE = "55P03"
_NOT_CONNECTED = "08"  # so the states begin that say so
_TRANSIENT_SQLSTATES = {
    "40001",  # serialisation failure
    "40P01",  # deadlock
    LOCK_NOT_AVAILABLE,
    "25P03",  # the next one did not come
    "57P01",  # shutdown
    "57P02",  # the same, after a crash
    "57P03",  # start
    "53200",  # out of memory
    "53300",  # too many connections
    "58030",  # of its disk
}
_TRANSIENT_IN_SQLITE = "database is locked"
_OF_DISK_IN_SQLITE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_TAKEN = "23505"
_TAKEN_IN_SQLITE = "SQLITE_CONSTRAINT_UNIQUE"
_TOO_SLOW = "57014"  # by statement_timeout
_TOO_SLOW_IN_SQLITE = "interrupted"
_DISK_FULL = "53100"
_FULL_IN_SQLITE = "database or disk is full"
_REFUSED_IN_SQLITE = "constraint failed"  # followed by the names of columns
_NAMES = ("sqlite_errorname", "sqlstate", "table_name", "column_name", "constraint_name")


class StatementFailed(Exception):
    """The database refused a statement, which is a bug."""


def refuse(error: Exception) -> NoReturn:
    """Raises TryAgain for what may succeed when it is repeated, or StorageFull.

    A TryAgain may be TooSlow or DiskFailed. A bug is StatementFailed.
    """
    refused = _refused(error)
    if not isinstance(refused, sqlite3.Error | asyncpg.PostgresError | asyncpg.InterfaceError):
        raise TryAgain from error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        raise TryAgain from error
    if isinstance(refused, asyncpg.InvalidCachedStatementError):  # a migration came: not again
        raise TryAgain from error
    state, said = sqlstate(error), str(refused)
    if state == _DISK_FULL or _FULL_IN_SQLITE in said:
        raise StorageFull from error
    if is_of_disk(refused):
        raise DiskFailed from error
    if state == _TOO_SLOW or said == _TOO_SLOW_IN_SQLITE:
        raise TooSlow from error
    if _is_transient(state) or _TRANSIENT_IN_SQLITE in said:
        raise TryAgain from error
    raise without_values(error) from None


def _is_transient(state: str | None) -> bool:
    return state is not None and (state in _TRANSIENT_SQLSTATES or state[:2] == _NOT_CONNECTED)


def is_of_disk(error: BaseException) -> bool:
    """Whether SQLite could not read or write its files, from which a connection may not recover.

    Not SQLITE_READONLY by itself, which it also says to who has promised to read.
    """
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code != sqlite3.SQLITE_READONLY and code & 0xFF in _OF_DISK_IN_SQLITE


@contextmanager
def unless_taken(refusal: Refusal) -> Iterator[None]:
    """Raises the refusal when somebody else has what can be there once.

    It ends the unit of work: PostgreSQL takes no further statement.
    """
    try:
        yield
    except FAILURES as error:
        if sqlstate(error) != _TAKEN and _name_in_sqlite(error) != _TAKEN_IN_SQLITE:
            raise
        raise refusal from None


def without_values(error: Exception) -> StatementFailed:
    """Say what was refused. The words of the database quote values, so they are left out."""
    refused = _refused(error)
    names = [name for of in _NAMES if (name := getattr(refused, of, None))]
    if _REFUSED_IN_SQLITE in str(refused):
        names.append(str(refused))
    failed = StatementFailed(" ".join([type(refused).__name__, *names, f"[{_statement(error)}]"]))
    return failed.with_traceback(error.__traceback__)


def reason(error: BaseException) -> str:
    """Why something is to be tried again, for the log."""
    cause = error.__cause__ or error
    refused = _refused(cause) if isinstance(cause, Exception) else cause
    return ": ".join(filter(None, [type(refused).__name__, str(refused)]))


def sqlstate(error: Exception) -> str | None:
    """What PostgreSQL calls the error."""
    state: str | None = getattr(_refused(error), "sqlstate", None)
    return state


def _name_in_sqlite(error: Exception) -> str | None:
    name: str | None = getattr(_refused(error), "sqlite_errorname", None)
    return name


def _refused(error: Exception) -> BaseException:
    """The driver's own error."""
    if isinstance(error, DBAPIError) and error.orig:
        return error.orig.__cause__ or error.orig
    return error


def _statement(error: Exception) -> str | None:
    if isinstance(error, DBAPIError):
        return error.statement
    return "; ".join(getattr(error, "__notes__", ()))
