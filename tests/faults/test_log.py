"""What an operator reads in the log of a real server."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server, changed_by
from tests.support.waiting import within

KEY = "a-key-of-the-client"
JUMPING = """
import os, time
from datetime import timedelta
from model.database import table

def back_s():
    return 90 if os.path.exists("jump") else 0

right_time, right_now = time.time, table.now
time.time = lambda: right_time() - back_s()
table.now = lambda: right_now() - timedelta(seconds=back_s())
"""
SETTINGS = {
    "HOMEROOM_LOG_LEVEL": "debug",
    "HOMEROOM_NODE": "north",
    "HOMEROOM_SLOW_STATEMENT_MS": "100",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    program = changed_by(JUMPING)
    server = Server(tmp_path / "instance", workers=1, settings=SETTINGS, program=program)
    yield server.start()
    server.close()


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]


def told(server: Server, words: str) -> dict[str, Any]:
    """The one line that has these words, which comes soon."""

    def found() -> list[dict[str, Any]]:
        return [line for line in lines(server) if words in line["message"]]

    assert within(10, lambda: len(found()) > 0), server.log[-3000:]
    (line,) = found()
    return line


async def test_one_id_leads_from_a_request_through_its_event_to_the_sockets(
    server: Server,
) -> None:
    """It waits two seconds, for the supervisor's looks at the clock."""
    ann = await asyncio.to_thread(first_account, server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    posts, topic = f"/api/channels/{channel['id']}/posts", f"channel:{channel['id']}"
    async with LiveClient(server.url, ann.token) as live:
        seq = (await live.follow(topic))["seq"] + 1
        with closing(sqlite3.connect(server.instance / "app.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.3, other.rollback)
            await asyncio.to_thread(
                ann.made, "POST", posts, {"text": "Good morning!"}, X_Request_Id=KEY
            )
        assert (await live.event(topic, seq))["tx"] == KEY
        (welcome,) = (message for message in live.messages if message["type"] == "welcome")
    assert told(server, "POST /api/channels/<id:channel_id>/posts")["request_id"] == KEY
    assert told(server, f"event {seq} of {topic}: post.created")["request_id"] == KEY
    sent = told(server, f"sent {topic} up to {seq}")
    assert (sent["connection"], sent["user_id"]) == (welcome["connection"], welcome["user"]["id"])
    assert told(server, "ms: BEGIN IMMEDIATE")["level"] == "warning"
    (server.instance.parent / "jump").touch()
    assert told(server, "the clock")["message"] == (
        "the clock of this machine was put back by 90 s"
    )
    assert ann.made("POST", posts, {"text": "Good night!"})["id"] > 1
    assert {line["node"] for line in lines(server)} == {"north"}
    assert HttpClient(server).ask("GET", "/ready")[0] == 200
