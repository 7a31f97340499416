"""The engine of PostgreSQL: how it connects, begins and waits."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import NullPool, event
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from model.database.address import driver_options, without_driver_options
from model.database.server import Server

_STATEMENTS_KEPT = {"statement_cache_size": 1000, "max_cached_statement_lifetime": 0}
_ANSWERED_LATE_S = 2  # the way there and back, after PostgreSQL's own limit


@dataclass(frozen=True)
class Patience:
    """How many seconds PostgreSQL waits: for a lock, for a statement, and for the next one."""

    lock_s: float
    statement_s: float
    next_s: float = 5


SOMEBODY_WAITS = Patience(lock_s=2, statement_s=5)
NOBODY_WAITS = Patience(lock_s=10, statement_s=600)


def postgresql_engine(
    url: URL, isolation_level: IsolationLevel, server: Server, patience: Patience
) -> AsyncEngine:
    """What makes connections whose every wait has an end. It shares `server` with others."""
    answered_within_s = patience.statement_s + _ANSWERED_LATE_S
    engine = create_async_engine(
        without_driver_options(url),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level=isolation_level,
        connect_args={
            **driver_options(url),
            **_STATEMENTS_KEPT,
            "command_timeout": answered_within_s,
        },
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _: object, __: object, options: dict[str, Any]) -> Any:
        return server.connect(dialect, options, _limits(patience))

    @event.listens_for(engine.sync_engine, "handle_error")
    def note_the_dead(context: ExceptionContext) -> None:
        is_connected = context.connection is not None
        if is_connected and isinstance(context.original_exception, TimeoutError):
            server.lose_trust()
            context.is_disconnect = True

    @event.listens_for(engine.sync_engine, "close")
    def wait_for_no_farewell(connection: Any, _: object) -> None:
        """A dead peer would not answer it, and a living one needs none."""
        connection.driver_connection.terminate()

    return engine


def _limits(patience: Patience) -> dict[str, str]:
    """The settings of PostgreSQL that every transaction needs."""
    limits = {
        "lock_timeout": patience.lock_s,
        "statement_timeout": patience.statement_s,
        "idle_in_transaction_session_timeout": patience.next_s,
    }
    in_ms = {name: f"{round(seconds * 1e3)}" for name, seconds in limits.items()}
    return {"jit": "off", **in_ms}
