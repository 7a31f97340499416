"""What is measured, by prometheus_client: summed over the workers, whichever of them is asked.

Each process adds up its figures for itself. Once a second, before it shows them and when it stops,
it writes them where all of them can read: so those of the worker that is asked are exact, those of
the others a second old at most, and one that is killed loses what it counted in its last second.
The files are named after the worker and not its process, so that the one that replaces it goes on
counting. What is so only while a worker lives, such as its live connections, goes with it.
"""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from api.measuring.machine import Machine
from api.measuring.meter import Meter, State
from api.measuring.sums import Kept, Sums
from api.settings import Settings
from model.database.table import now

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
UNITS = (1, 2, 4, 8, 16)
Mode = Literal["livesum", "livemax", "livemin"]
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client looks for it


class Prometheus(Meter):
    """`folder` is what the processes have in common; without one there is this process alone."""

    is_measuring = True

    def __init__(self, settings: Settings, version: str, folder: Path | None = None) -> None:
        self._folder, self._process = folder, "supervisor"
        kept: Callable[..., Kept] = values.MutexValue
        if folder is not None:
            os.environ[_FOLDER] = str(folder)
            kept = values.MultiProcessValue(lambda: self._process)  # type: ignore[no-untyped-call]
        self._sums = values.ValueClass = Sums(kept)
        self._machine = Machine(settings, version)
        self._registry = CollectorRegistry()
        self._of_answer: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._of_kind: dict[str, Counter] = {}
        self._measure_requests()
        self._measure_live_connections()
        self._measure_database()
        self._measure_workers()

    def _measure_requests(self) -> None:
        by_route = ("method", "route")
        self._requests = self._counter("requests", "Answered.", *by_route, "status")
        self._request_seconds = self._histogram(
            "request_seconds", "From the head of a request until its answer is ready.", *by_route
        )
        self._uploads = self._counter("uploads", "Files that have come in whole.")
        self._uploaded_bytes = self._counter("uploaded_bytes", "Their size.")
        self._hash_seconds = self._histogram(
            "password_seconds", "To hash a password or to check one, with the wait for it."
        )
        self._waiting_hashes = self._gauge("passwords_waiting", "That are not hashed yet.")

    def _measure_live_connections(self) -> None:
        self._connections = self._gauge("connections", "Live connections.")
        self._opened = self._counter("connections_opened", "Live connections that have come.")
        self._closed = self._counter(
            "connections_closed", 'Live connections that are gone; "left" is by the client.', "code"
        )
        self._delivered = self._counter("events_delivered", "Events, for each live connection.")
        self._replayed = self._counter(
            "events_replayed", "Events read from the log for a live connection that was behind."
        )
        resets = self._counter("resets", "Times that a client has to fetch a list anew.", "reason")
        self._resets = {one: resets.labels(one) for one in ("epoch", "retention", "limit")}
        self._topics = self._gauge("topics_followed", "By anybody, for each worker.")
        self._ring_chars = self._gauge("ring_chars", "Characters of events kept in memory.")
        self._delays = self._histogram(
            "event_delay_seconds", "From the record of an event until a worker has it."
        )
        self._look_seconds = self._histogram("look_seconds", "A look at the log for new events.")
        self._hears = self._gauge(
            "hears_machines", "1, or 0 while Redis is away from a worker.", "livemin"
        )
        self._look_age = self._gauge(
            "look_age_seconds",
            "Since the last look of the worker that is furthest behind.",
            "livemax",
        )

    def _measure_database(self) -> None:
        self._events = self._counter("events", "Events that were recorded.", "kind")
        self._write_seconds = self._histogram(
            "write_seconds", "A unit of work that changes something, with all its waits."
        )
        waits = self._histogram(
            "wait_seconds", "For a free connection, the turn to write, or a shared COMMIT.", "for"
        )
        self._waits = {one: waits.labels(one) for one in ("connection", "turn", "commit")}
        self._commit_seconds = self._histogram("commit_seconds", "COMMIT alone.")
        self._last_backup = self._gauge(
            "last_backup_timestamp_seconds", "When the newest backup was made, or 0.", "livemax"
        )
        self._commit_units = self._histogram(
            "commit_units", "Units of work that share a COMMIT.", buckets=UNITS
        )

    def _measure_workers(self) -> None:
        self._workers = self._gauge("workers", "Workers that serve.")
        self._restarts = self._counter("worker_restarts", "Workers that have ended, unasked.")
        self._memory = self._gauge("memory_bytes", "Of the workers; what they share counts once.")
        self._late = self._histogram(
            "loop_late_seconds", "By how much an event loop is late, looked at once a second."
        )
        if self._folder is None:
            self._workers.set(1)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"homeroom_{name}", documentation, labels, registry=self._registry)

    def _histogram(
        self, name: str, documentation: str, *labels: str, buckets: Iterable[float] = SECONDS
    ) -> Histogram:
        return Histogram(
            f"homeroom_{name}",
            documentation,
            labels,
            registry=self._registry,
            buckets=tuple(buckets),
        )

    def _gauge(self, name: str, documentation: str, mode: Mode = "livesum") -> Gauge:
        return Gauge(
            f"homeroom_{name}", documentation, registry=self._registry, multiprocess_mode=mode
        )

    def begin(self, worker: int) -> None:
        self._process = str(worker)
        self._sums.read()

    def end(self) -> None:
        self._sums.write()

    def serving(self, workers: int) -> None:
        self._workers.set(workers)
        self._sums.write()

    def ended(self, worker: int) -> None:
        mark_process_dead(worker, self._folder)  # type: ignore[no-untyped-call]
        self._restarts.inc()
        self._sums.write()

    def saw(self, state: State) -> None:
        self._late.observe(state.late_s)
        self._look_age.set(state.look_age_s)
        self._hears.set(state.hears_machines)
        self._topics.set(state.followed_topics)
        self._ring_chars.set(state.ring_chars)
        self._waiting_hashes.set(state.waiting_hashes)
        if state.memory_bytes is not None:
            self._memory.set(state.memory_bytes)
        self._sums.write()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        named = (method if method in _METHODS else "other", route, status)
        known = self._of_answer.get(named)
        if known is None:  # looked up once: that takes half of the time
            known = self._requests.labels(*named), self._request_seconds.labels(*named[:2])
            self._of_answer[named] = known
        requests, request_seconds = known
        requests.inc()
        request_seconds.observe(seconds)

    def connected(self) -> None:
        self._opened.inc()
        self._connections.inc()

    def left(self, code: int | None) -> None:
        self._closed.labels("left" if code is None else int(code)).inc()
        self._connections.dec()

    def delivered(self, events: int) -> None:
        self._delivered.inc(events)

    def replayed(self, events: int) -> None:
        self._replayed.inc(events)

    def reset(self, reason: str) -> None:
        self._resets[reason].inc()

    def uploaded(self, size_bytes: int) -> None:
        self._uploads.inc()
        self._uploaded_bytes.inc(size_bytes)

    def waited(self, what: str, seconds: float) -> None:
        self._waits[what].observe(seconds)

    def committed(self, seconds: float) -> None:
        self._commit_seconds.observe(seconds)

    def shared(self, units: int) -> None:
        self._commit_units.observe(units)

    def wrote(self, seconds: float, kinds: Iterable[str]) -> None:
        self._write_seconds.observe(seconds)
        for kind in kinds:
            if kind not in self._of_kind:
                self._of_kind[kind] = self._events.labels(kind)
            self._of_kind[kind].inc()

    def looked(self, seconds: float) -> None:
        self._look_seconds.observe(seconds)

    def arrived(self, at: datetime) -> None:
        self._delays.observe(max(0.0, (now() - at).total_seconds()))

    def backed_up(self, at: datetime | None) -> None:
        self._last_backup.set(at.timestamp() if at else 0)

    def hashed(self, seconds: float) -> None:
        self._hash_seconds.observe(seconds)

    def shown(self, accept: str) -> tuple[bytes, str]:
        self._sums.write()
        registry = CollectorRegistry()
        registry.register(self._machine)
        if self._folder is None:
            registry.register(self._registry)
        else:
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type
