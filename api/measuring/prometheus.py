"""What is measured, by prometheus_client: summed over the workers, whichever of them is asked.

Each process writes its figures to memory that all of them can read: files in a folder, named after
the worker and not its process, so that the one that replaces it goes on counting.
"""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from api.measuring.meter import Meter

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it


class Prometheus(Meter):
    """`folder` is what the processes have in common; without one there is this process alone."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._process = "supervisor"
        if folder is not None:
            os.environ[_FOLDER] = str(folder)
            values.ValueClass = values.MultiProcessValue(lambda: self._process)  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "homeroom_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._request_seconds = Histogram(
            "homeroom_request_seconds",
            "From the head of a request until its answer was ready.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self._of_answer: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def begin(self, worker: int) -> None:
        """Count as this worker from now on, after the fork."""
        self._process = str(worker)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        named = (method if method in _METHODS else "other", route, status)
        known = self._of_answer.get(named)
        if known is None:  # looked up once: that takes half of the time
            known = self._requests.labels(*named), self._request_seconds.labels(*named[:2])
            self._of_answer[named] = known
        requests, request_seconds = known
        requests.inc()
        request_seconds.observe(seconds)

    def shown(self, accept: str) -> tuple[bytes, str]:
        registry = self._registry
        if self._folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type
