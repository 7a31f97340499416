"""The PostgreSQL server, as connections find it: whether to trust it, and what is in front of it.

A pooler, such as PgBouncer, hands each transaction to whichever session is free. So nothing may be
kept in a session: no statement is prepared for later, and what limits a session goes with the BEGIN
of each transaction, in the same message. That is a second way there and back for each statement, so
it is done only where a pooler is. One that keeps sessions apart is treated in the same way.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import asyncpg

_REFUSED = {"08P01", "0A000"}  # what some poolers say of settings that come with a connection
_NODE_IS_GONE = {  # its sessions end, and let go of their rows
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}


class Server:
    """What the connections of a process have found out about the server that they share."""

    def __init__(self) -> None:
        self.trusted_since = 0.0
        self._is_pooled: bool | None = None  # not known yet

    @property
    def keeps_limits(self) -> bool:
        """Whether they hold for whatever a session does, also outside of a transaction."""
        return self._is_pooled is False

    def lose_trust(self) -> None:
        """One connection turned out to be dead: the others so far are made anew."""
        self.trusted_since = time.monotonic()

    def connect(self, dialect: Any, options: dict[str, Any], limits: Mapping[str, str]) -> Any:
        """Connect; the limits are settings of PostgreSQL that hold for each transaction."""
        if not self._is_pooled:
            try:
                connection = dialect.connect(**_directly(options, limits))
            except dialect.dbapi.Error as error:
                if error.sqlstate not in _REFUSED:
                    raise
                self._is_pooled = True
            else:
                if self._is_seen_to_be_direct(connection):
                    return connection
        return dialect.connect(**_through_pooler(options, limits))

    def _is_seen_to_be_direct(self, connection: Any) -> bool:
        """Look once; a connection that turns out to be of no use is ended."""
        is_direct = False
        try:
            if self._is_pooled is None:
                self._is_pooled = connection.run_async(_is_pooled)
            is_direct = not self._is_pooled
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ConnectionError(str(error)) from error  # it went as soon as it had come
        finally:
            if not is_direct:
                connection.driver_connection.terminate()
        return is_direct


async def _is_pooled(connection: Any) -> bool:
    """A pooler makes up the number of the session that it tells; the server knows its own."""
    async with connection.transaction():
        statement = await connection.prepare("SELECT pg_backend_pid()", name="")
        return bool(await statement.fetchval() != connection.get_server_pid())


def _directly(options: dict[str, Any], limits: Mapping[str, str]) -> dict[str, Any]:
    settings = {**options["server_settings"], **limits, **_NODE_IS_GONE}
    return {**options, "server_settings": settings}


def _through_pooler(options: dict[str, Any], limits: Mapping[str, str]) -> dict[str, Any]:
    along = "".join(f" SET LOCAL {name} = {value};" for name, value in limits.items())
    caches = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return {**options, "connection_class": _beginning_with(along), **caches}


@cache
def _beginning_with(along: str) -> type[Any]:
    class Pooled(asyncpg.Connection):  # type: ignore[misc] # it has no types
        async def execute(self, query: str, *args: Any, **given: Any) -> Any:
            """Let something go along with what begins a transaction."""
            query += along if query.startswith("BEGIN") else ""
            return await super().execute(query, *args, **given)

    return Pooled
