"""Traces of a real server, as whoever takes them gets them."""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from api.tracing.opening import new_tracer
from api.tracing.tracer import Tracer
from model.live.ephemeral import WorkerId
from tests.live.client import LiveClient
from tests.support.http_client import first_account
from tests.support.server import Server
from tests.support.traces import Received, receiving_traces
from tests.support.waiting import within

TRACE, SPAN, KEY = "ab" * 16, "cd" * 8, "a-key-of-the-client"
PARENT = f"00-{TRACE}-{SPAN}-01"
POSTS = "POST /api/channels/<id:channel_id>/posts"
SPANS = {
    POSTS, "turn", "model.channel._FIND", "model.post._INSERT", "model.log.event._INSERT", "commit",
    "event post.created",
}  # fmt: skip


@pytest.fixture
def received() -> Iterator[Received]:
    with receiving_traces() as received:
        yield received


@pytest.fixture
def server(tmp_path: Path, received: Received) -> Iterator[Server]:
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "HOMEROOM_NODE": "north",
    }
    server = Server(tmp_path / "instance", workers=1, settings=settings)
    yield server.start()
    server.close()


def trace_id_of(server: Server, request_id: str) -> str:
    """As the line of the request in the log has it."""
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    (trace_id,) = (line["trace_id"] for line in lines if line.get("request_id") == request_id)
    return str(trace_id)


async def test_a_request_its_statements_and_its_event_are_one_trace(
    server: Server, received: Received
) -> None:
    """It starts a server of its own, which takes two seconds."""
    ann = await asyncio.to_thread(first_account, server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    posts, topic = f"/api/channels/{channel['id']}/posts", f"channel:{channel['id']}"

    async def ids_of_a_post(**headers: str) -> tuple[str, str]:
        """Those of the request and of its trace."""
        await asyncio.to_thread(ann.made, "POST", posts, {"text": "Morning!"}, **headers)
        event = await live.event(topic, next(numbers))
        return event["tx"], trace_id_of(server, event["tx"])

    async with LiveClient(server.url, ann.token) as live:
        numbers = itertools.count((await live.follow(topic))["seq"] + 1)
        request_id, of_caller = await ids_of_a_post(traceparent=PARENT)
        assert (of_caller, request_id[:36]) == (TRACE, PARENT[:36])
        request_id, of_key = await ids_of_a_post(X_Request_Id=KEY)
        assert request_id == KEY
        request_id, of_nobody = await ids_of_a_post()
        assert request_id.startswith(f"00-{of_nobody}-")
    for trace_id, parent in ((of_caller, SPAN), (of_key, ""), (of_nobody, "")):
        assert within(10, partial(received.has_of_trace, trace_id, SPANS))
        spans = received.of_trace(trace_id)
        itself = spans.pop(POSTS)
        assert itself.parent_span_id.hex() == parent
        assert {span.parent_span_id for span in spans.values()} == {itself.span_id}
    assert not any(b"Morning!" in body for body in received.bodies)
    assert any(b"north/0" in body for body in received.bodies)


def test_without_its_package_the_log_says_so_and_the_server_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "api.tracing.spans", None)
    assert type(new_tracer(WorkerId("north", "", 0), "1.0")) is Tracer
    assert "OpenTelemetry is not installed" in caplog.text
