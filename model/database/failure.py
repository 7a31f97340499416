"""What is said of a statement that failed: names, and never the values that it was given."""

from typing import Any

from sqlalchemy.exc import DBAPIError

_IN_SQLITE = "constraint failed"  # followed by the names of columns
_NAMES = ("sqlite_errorname", "sqlstate", "table_name", "column_name", "constraint_name")


class StatementFailed(Exception):
    """The database refused a statement, which is a bug."""


def without_values(error: DBAPIError) -> StatementFailed:
    """Say what was refused. The words of the database quote values, so they are left out."""
    refused: Any = error.orig and (error.orig.__cause__ or error.orig)
    names = [name for of in _NAMES if (name := getattr(refused, of, None))]
    if _IN_SQLITE in str(refused):
        names.append(str(refused))
    failed = StatementFailed(" ".join([type(refused).__name__, *names, f"[{error.statement}]"]))
    return failed.with_traceback(error.__traceback__)
