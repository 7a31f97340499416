"""Who is told what happens in a worker, so that it can be shown at /metrics."""

from model.figures import Figures


class Meter(Figures):
    """Measures nothing: so it is where no HOMEROOM_METRICS_TOKEN is set."""

    def begin(self, worker: int) -> None:
        """Measure as a worker from now on, after the fork."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its rule, or "-" where there is none."""

    def shown(self, accept: str) -> tuple[bytes, str]:
        """The figures of all workers of this machine, in one of the formats that are accepted.

        With its media type. It takes some time: call it in a thread.
        """
        del accept
        return b"", "text/plain"
