"""The database: whether it answers, fits this code, and lets us do what we have to."""

import asyncio
import sqlite3
import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.doctor.finding import Finding, Well, Wrong
from api.settings import PREFIX, Settings
from model.database.failure import sqlstate
from model.database.table import CLOCKS_DIFFER_BY, now
from model.examination import (
    Contents,
    ExaminedServer,
    examine_postgresql,
    examine_sqlite,
)

_SETTING = f"{PREFIX}DATABASE_URL"
_FAR_S = 0.02
_OLDEST_VERSION = 14  # older ones get no corrections any more
_CONNECTIONS_OF_A_WORKER = 12
_REFUSALS = {
    "28P01": ("database_refuses", "does not take the password: correct it"),
    "28000": (
        "database_refuses",
        "has no such user, or lets none in from here: see its pg_hba.conf",
    ),
    "3D000": ("database_missing", "has no database of this name: make it with createdb"),
    "53300": ("database_full", "takes no more connections: raise its max_connections"),
    "57P03": ("database_unreachable", "is starting, or stopping: try again"),
}


def check_database(settings: Settings) -> Iterator[Finding]:
    address = settings.database_address
    if address.get_backend_name() == "sqlite":
        yield from _check_sqlite(Path(address.database or ""))
    else:
        yield from _check_postgresql(address, settings.workers)


def _check_sqlite(file: Path) -> Iterator[Finding]:
    version = f"SQLite {sqlite3.sqlite_version}"
    if not file.exists():
        yield Well(f"{version}, no tables yet, which the next start makes")
        return
    try:
        found = examine_sqlite(file)
    except sqlite3.OperationalError as error:
        said = f"{file} cannot be opened: {error}. Look at its owner, and who has it open."
        yield Wrong("database_unreachable", said)
        return
    except sqlite3.DatabaseError as error:
        yield _damaged(file, str(error))
        return
    if found.damage is not None:
        yield _damaged(file, found.damage)
    if found.is_locked:
        said = (
            f"Another program holds {file}: end what works on it, such as a transaction that was"
            " left open in sqlite3 or in an editor of databases."
        )
        yield Wrong("database_locked", said)
    yield from _check_contents(found.contents, version)


def _damaged(file: Path, said: str) -> Wrong:
    first = said.splitlines()[-1].strip().rstrip(".")
    return Wrong("database_damaged", f"{file} is damaged ({first}): stop the server, and restore.")


def _check_contents(contents: Contents, version: str) -> Iterator[Finding]:
    if contents.mismatch is not None:
        yield Wrong("schema_differs", contents.mismatch)
    else:
        yield Well(f"{version}, {contents.schema}")
    if _is_ahead(contents.last_act_at):
        said = f"Something was done at {contents.last_act_at:%Y-%m-%d %H:%M} UTC: set the clock."
        yield Wrong("clock_behind", said)


def _is_ahead(at: datetime | None) -> bool:
    return at is not None and at > now() + CLOCKS_DIFFER_BY


def _check_postgresql(address: URL, workers: int) -> Iterator[Finding]:
    try:
        found = asyncio.run(examine_postgresql(address))
    except (DBAPIError, OSError) as error:
        yield _unreachable(error)
        return
    manner = ", behind a pooler" if found.is_pooled else ""
    answered = f" after {found.answers_after_s * 1e3:.1f} ms"
    yield from _check_contents(
        found.contents, f"PostgreSQL {found.version}{manner}, answers{answered}"
    )
    yield from _check_rights(found)
    yield from _check_manners(found, workers)


def _unreachable(error: DBAPIError | OSError) -> Wrong:
    refusal = _REFUSALS.get(sqlstate(error) or "")
    if refusal is not None:
        name, said = refusal
        return Wrong(name, f"{_SETTING}: the server {said}.")
    if isinstance(error, ssl.SSLError):
        said = "the server's certificate is not trusted: name its authority as sslrootcert."
        return Wrong("database_untrusted", f"{_SETTING}: {said}")
    why = error if isinstance(error, OSError) else type(error.orig).__name__
    said = f"{_SETTING}: nobody answers there ({why}): start it, or correct host and port."
    return Wrong("database_unreachable", said)


def _check_rights(found: ExaminedServer) -> Iterator[Finding]:
    if found.only_reads:
        said = f"{_SETTING}: it only reads, as a replica does: name the one that is written to."
        yield Wrong("database_only_reads", said)
    if not found.may_create:
        said = f"{_SETTING}: this user may make no tables: GRANT CREATE ON SCHEMA public TO it."
        yield Wrong("database_rights", said)
    if not found.may_change:
        said = f"{_SETTING}: the tables belong to another user: REASSIGN OWNED BY that one."
        yield Wrong("database_rights", said)


def _check_manners(found: ExaminedServer, workers: int) -> Iterator[Finding]:
    if found.version_number < _OLDEST_VERSION * 10_000:
        said = f"PostgreSQL {found.version} gets no corrections any more: update it."
        yield Wrong("database_old", said)
    if found.encoding != "UTF8":
        said = f"The database is in {found.encoding}: make a new one with ENCODING 'UTF8'."
        yield Wrong("database_encoding", said)
    needed = workers * _CONNECTIONS_OF_A_WORKER
    if not found.is_pooled and found.most_connections < needed:
        said = (
            f"{workers} workers may need {needed} connections, and PostgreSQL takes"
            f" {found.most_connections}: raise max_connections, or lower {PREFIX}WORKERS."
        )
        yield Wrong("few_connections", said)
    if abs(found.clock_ahead_s) > CLOCKS_DIFFER_BY.total_seconds():
        said = (
            f"This machine's clock is {found.clock_ahead_s:+.0f} s off that of the database: let"
            " both follow the same time servers."
        )
        yield Wrong("clocks_differ", said)
    if found.answers_after_s > _FAR_S:
        said = (
            f"The database answers after {found.answers_after_s * 1e3:.0f} ms, and each request"
            " asks several times: bring both into the same place."
        )
        yield Wrong("database_far", said)
