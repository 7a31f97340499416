"""Addresses of databases, as people write them and as providers hand them out."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_SQLITE = b"SQLite format 3\0"  # every file begins with it
_LIKE = "it must be like postgresql://user:password@host/name"

_OF_SQLALCHEMY = {"host", "port"}
_FILES = {"sslrootcert", "sslcert", "sslkey", "sslcrl"}
_OF_DRIVER = {  # which reads them as PostgreSQL's own programs do
    *_FILES, "sslmode", "sslpassword", "sslnegotiation", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "target_session_attrs", "passfile", "krbsrvname", "gsslib",
    "application_name", "options",
}  # fmt: skip
_WITHOUT_EFFECT = {  # for other programs, or decided here
    "channel_binding", "gssencmode", "sslcompression", "sslsni", "tcp_user_timeout", "keepalives",
    "keepalives_idle", "keepalives_interval", "keepalives_count", "statement_cache_size",
    "prepared_statement_cache_size", "pgbouncer", "connection_limit", "pool_timeout", "supa",
    "uselibpqcompat",
}  # fmt: skip
_CONNECTED_WITHIN_S = 5


def sqlite_address(file: Path) -> URL:
    """The address of a file, whatever characters its name has."""
    return URL.create("sqlite+aiosqlite", database=str(file.absolute()))


def is_sqlite_file(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE


def database_address(written: str | URL) -> URL:
    """The address with the driver that is used here.

    Raises ValueError, which says what to change and shows no part that may be secret.
    """
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise ValueError(_LIKE) from None
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return _postgresql_address(url)
    raise ValueError(_LIKE)


def _postgresql_address(url: URL) -> URL:
    if "@" in (url.host or ""):
        raise ValueError("write each @ in the user's name and password as %40")
    if "," in (url.host or ""):
        raise ValueError("write several hosts as …/name?host=one:5432&host=other:5432")
    query = dict(url.query)
    if "ssl" in query:
        query.setdefault("sslmode", query.pop("ssl"))
    known = _OF_SQLALCHEMY | _OF_DRIVER | _WITHOUT_EFFECT | {"connect_timeout"}
    if unknown := sorted(query.keys() - known):
        raise ValueError(f"leave out what is not known here: {', '.join(unknown)}")
    for name in sorted(_FILES & query.keys()):
        if query[name] != "system" and not Path(str(query[name])).is_file():
            raise ValueError(f"there is no file that {name} names")
    if not str(query.get("connect_timeout", 0)).isdecimal():
        raise ValueError("connect_timeout must be a number of seconds")
    if query.get("channel_binding") == "require" or query.get("sslrootcert") == "system":
        # asyncpg binds no channels; a certificate says as well who the server is
        query["sslmode"] = "verify-full"
    return url.set(drivername="postgresql+asyncpg", query=query)


def without_driver_options(url: URL) -> URL:
    """What SQLAlchemy itself makes use of."""
    return url.set(query={name: url.query[name] for name in _OF_SQLALCHEMY & url.query.keys()})


def driver_options(url: URL) -> dict[str, Any]:
    """What asyncpg is told of the rest."""
    told = {name: url.query[name] for name in sorted(_OF_DRIVER & url.query.keys())}
    options: dict[str, Any] = {
        "timeout": int(str(url.query.get("connect_timeout", 0))) or _CONNECTED_WITHIN_S,
        "server_settings": {"application_name": told.pop("application_name", "homeroom")},
    }
    if told.get("sslmode") == "verify-full" and told.get("sslrootcert", "system") == "system":
        options["ssl"] = True  # by the authorities that the system trusts
        told.pop("sslrootcert", None)
    if told:
        options["dsn"] = f"postgresql://?{urlencode(told, doseq=True)}"
    return options
