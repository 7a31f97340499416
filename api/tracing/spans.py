"""Traces by OpenTelemetry: a request, its statements and its event are spans of one trace.

An event is read from the log by every worker, which knows of its request nothing but the id: the
`tx` of the event. So the id leads to the trace. It is the request's own `traceparent`; or, where
the client has given another one, the trace is named after that. Only a request that comes with an
id and a `traceparent` is in another trace than its events, and has a link to theirs.
"""

import asyncio
import hashlib
import logging
import re
import threading
import time
from collections.abc import Sequence

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from api.tracing.tracer import Tracer
from model.database.row import AnyRow
from model.database.statement import Prepared
from model.database.watcher import Watcher, name_of
from model.live.ephemeral import WorkerId

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_LEAST_CHARS = 8  # of the id of a request; jobs and commands have shorter ones
_SENT_WITHIN_S = 3  # when the worker stops
_TOLD_AGAIN_S = 60  # that traces are lost
_SERVER_ERROR = 500


class PlannedIds(RandomIdGenerator):
    """Random ids, but for the next span's when they are planned."""

    planned: SpanContext | None = None

    def generate_trace_id(self) -> int:
        return self.planned.trace_id if self.planned else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.planned.span_id if self.planned else super().generate_span_id()


class NowAndThen(logging.Filter):
    """Lets a line through once a minute: whoever takes the traces may be away for long."""

    _told_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        is_due = time.monotonic() > self._told_at + _TOLD_AGAIN_S
        if is_due:
            self._told_at = time.monotonic()
        return is_due


class Spans(Tracer):
    def __init__(self, worker: WorkerId, version: str) -> None:
        """Each span says what has made it, and where."""
        self._ids = PlannedIds()
        ours = {
            "service.name": "homeroom",
            "service.version": version,
            "host.name": worker.node,
            "service.instance.id": f"{worker.node}/{worker.number}",
        }
        self._provider = TracerProvider(
            resource=Resource.create(ours).merge(OTELResourceDetector().detect()),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter()
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("homeroom", version)
        for loud in (OTLPSpanExporter.__module__, "opentelemetry.sdk._shared_internal"):
            logging.getLogger(loud).addFilter(NowAndThen())

    def begin(self, given: str, parent: str) -> str:
        of_caller = _spoken(parent)
        named = self._named_after(given) if given else None
        if of_caller is None:
            span = self._start(planned=named)
        else:
            links = [Link(named)] if named else []
            span = self._start(inside=of_caller, links=links)
        context.attach(trace.set_span_in_context(span))  # the task ends with the request
        return given or _written(span.get_span_context())

    def end(self, method: str, route: str, status: int) -> str | None:
        span = trace.get_current_span()
        if not span.is_recording():
            return None
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
            }
        )
        if status >= _SERVER_ERROR:
            span.set_status(Status(StatusCode.ERROR))
        span.end()
        return f"{span.get_span_context().trace_id:032x}"

    def watcher(self, slow_after_s: float) -> Watcher:
        return TracingWatcher(self._tracer, slow_after_s)

    def arrived(self, events: Sequence[AnyRow]) -> None:
        for event in events:
            if event.tx and len(event.tx) >= _LEAST_CHARS:
                span = self._tracer.start_span(
                    f"event {event.kind}",
                    _inside(self._named_after(event.tx)),
                    SpanKind.CONSUMER,
                    {"homeroom.topic": event.topic, "homeroom.seq": event.seq},
                    start_time=round(event.at.timestamp() * 1e9),
                )
                span.end()

    async def close(self) -> None:
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, _SENT_WITHIN_S)

    def _start(
        self,
        *,
        planned: SpanContext | None = None,
        inside: SpanContext | None = None,
        links: Sequence[Link] = (),
    ) -> Span:
        """The span of a request. What it is called is known when it has been answered."""
        self._ids.planned = planned
        try:
            parent = _inside(inside) if inside else context.Context()
            return self._tracer.start_span("request", parent, SpanKind.SERVER, links=links)
        finally:
            self._ids.planned = None

    def _named_after(self, request_id: str) -> SpanContext:
        """The span of a request with this id, as any worker works it out."""
        if spoken := _spoken(request_id):
            return spoken
        digest = hashlib.sha256(request_id.encode()).digest()
        trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
        sampled = self._provider.sampler.should_sample(None, trace_id, "request")
        flags = (
            TraceFlags.SAMPLED
            if sampled.decision == Decision.RECORD_AND_SAMPLE
            else TraceFlags.DEFAULT
        )
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


class TracingWatcher(Watcher):
    """Makes a span of each statement, and of each wait, within a request."""

    def __init__(self, tracer: trace.Tracer, slow_after_s: float) -> None:
        super().__init__(slow_after_s)
        self._tracer = tracer

    def ran(self, statement: Prepared | str, seconds: float) -> None:
        super().ran(statement, seconds)
        if trace.get_current_span().is_recording():
            self._note(name_of(statement), SpanKind.CLIENT, seconds)

    def waited(self, what: str, seconds: float) -> None:
        super().waited(what, seconds)
        if trace.get_current_span().is_recording():
            self._note(what, SpanKind.INTERNAL, seconds)

    def _note(self, name: str, kind: SpanKind, seconds: float) -> None:
        now = time.time_ns()
        began = now - round(seconds * 1e9)
        self._tracer.start_span(name, kind=kind, start_time=began).end(now)


def _spoken(traceparent: str) -> SpanContext | None:
    """The span that a header names (W3C Trace Context); None for what is none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    spoken = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return spoken if spoken.is_valid else None


def _written(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def _inside(parent: SpanContext) -> context.Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), context.Context())
