"""The engines of the two databases: how each connects, begins and waits."""

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from model.database.sqlite import LOCKED_FOR_AT_MOST_S, OneHopConnection, OneHopDialect

NOBODY_FREE_AFTER_S = 10


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None


def sqlite_engine(url: URL, begin: str, size: int, synchronous: str) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="sqlite+onehop"),
        pool_size=size,
        max_overflow=0,
        pool_timeout=NOBODY_FREE_AFTER_S,
        hide_parameters=True,
        pool_reset_on_return=None,  # every unit of work ends its own transaction
        connect_args={"isolation_level": None, "timeout": LOCKED_FOR_AT_MOST_S},
    )
    assert isinstance(engine.dialect, OneHopDialect)

    # BEGIN IMMEDIATE waits in model/database/sqlite.py, where it is fair and wakes sooner
    busy_timeout_ms = 0 if begin == "BEGIN IMMEDIATE" else int(LOCKED_FOR_AT_MOST_S * 1e3)

    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: OneHopConnection, _: object) -> None:
        for pragma in (
            "foreign_keys = ON",
            f"synchronous = {synchronous}",
            f"busy_timeout = {busy_timeout_ms}",
        ):
            connection.cursor().execute(f"PRAGMA {pragma}")
        # SQLite's own knows ASCII only: "Ärger" would not be found by "ärger"
        connection.create_function("lower", 1, _lower, deterministic=True)
        if begin == "BEGIN":
            connection.read_only()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_with_the_first_statement(connection: Connection) -> None:
        opened = connection.connection.dbapi_connection
        assert isinstance(opened, OneHopConnection)
        opened.begin = begin

    return engine


def postgresql_engine(url: URL, size: int, isolation_level: IsolationLevel) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=NOBODY_FREE_AFTER_S,
        hide_parameters=True,
        isolation_level=isolation_level,
        connect_args={"server_settings": {"jit": "off", "application_name": "homeroom"}},
    )
