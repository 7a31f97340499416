"""Traces are made where OpenTelemetry's own variables say where they go."""

import logging

from api.settings import are_traces_wanted
from api.tracing.tracer import Tracer
from model.live.ephemeral import WorkerId

log = logging.getLogger(__name__)


def new_tracer(worker: WorkerId, version: str) -> Tracer:
    """One for this process, which must not fork any more: it sends what it has in a thread."""
    if not are_traces_wanted():
        return Tracer()
    try:
        from api.tracing.spans import Spans  # noqa: PLC0415 - loads OpenTelemetry
    except ImportError:
        log.warning(
            "there are no traces, because OpenTelemetry is not installed:"
            " instance/README.md says how"
        )
        return Tracer()
    return Spans(worker, version)
