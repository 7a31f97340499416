"""Who is told of each request, of its statements and of its events, so that they are one trace."""

import secrets
from collections.abc import Sequence

from model.database.row import AnyRow
from model.database.watcher import Watcher


class Tracer:
    """Traces nothing: so it is where no OTEL_EXPORTER_OTLP_ENDPOINT is set."""

    def begin(self, given: str, parent: str) -> str:
        """The id of a request that begins, in a task of its own.

        It is the one that was given, if one was. `parent` is its header `traceparent`, or empty.
        """
        del parent
        return given or secrets.token_hex(8)

    def end(self, method: str, route: str, status: int) -> str | None:
        """The request of this task was answered; the id of its trace, if there is one."""

    def watcher(self, slow_after_s: float) -> Watcher:
        """Who is to be told of the statements of the database."""
        return Watcher(slow_after_s)

    def arrived(self, events: Sequence[AnyRow]) -> None:
        """Rows of `Events` have come to this worker, and to whoever follows their topics here."""

    async def close(self) -> None:
        """Send what is left, if it is taken soon."""
