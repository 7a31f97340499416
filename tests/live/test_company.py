"""Signals and presence across real worker processes."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.bench.stage import workers_of
from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account, sign_in
from tests.support.people import PASSWORD
from tests.support.server import Server

SOCKETS, MOST_SOCKETS = 6, 60  # until several workers serve some of them
GONE_WITHIN_S = 15


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_REGISTRATION": "open", "HOMEROOM_LIMITS": "off"}
    server = Server(tmp_path / "instance", settings=settings).start()
    yield server
    server.close()


@pytest.fixture
def group(server: Server) -> str:
    """The topic of ann's group, to which bob belongs."""
    ann = first_account(server)
    made = ann.made("POST", "/api/groups", {"name": "class"})
    code = ann.made("POST", f"/api/groups/{made['id']}/join-code", {})
    bob = {"username": "bob", "name": "Bob", "password": PASSWORD}
    HttpClient(server).made("POST", "/api/users", {**bob, "join_code": code["join_code"]})
    return f"group:{made['id']}"


@asynccontextmanager
async def following(server: Server, topic: str, who: HttpClient) -> AsyncIterator[LiveClient]:
    async with LiveClient(server.url, who.token) as live:
        await live.follow(topic)
        yield live


@asynccontextmanager
async def following_everywhere(
    server: Server, topic: str, who: HttpClient
) -> AsyncIterator[list[LiveClient]]:
    """Sockets of which several workers serve some."""
    async with AsyncExitStack() as stack:
        sockets: list[LiveClient] = []
        workers: set[int] = set()
        while len(sockets) < SOCKETS or len(workers) < 2:
            assert len(sockets) < MOST_SOCKETS, "one worker takes all"
            live = await stack.enter_async_context(following(server, topic, who))
            sockets.append(live)
            workers.add(await worker_of(server, live))
        yield sockets


async def worker_of(server: Server, live: LiveClient) -> int:
    return workers_of(server)[live.socket.local_address[1]]


async def test_a_signal_reaches_the_sockets_at_all_workers(server: Server, group: str) -> None:
    ann, bob = sign_in(server, "ann"), sign_in(server, "bob")
    async with (
        following_everywhere(server, group, ann) as sockets,
        following(server, group, bob) as of_bob,
    ):
        await of_bob.send(type="signal", topic=group, name="typing")
        for live in sockets:
            heard = await live.until(lambda m: m["type"] == "signal")
            assert heard["from"]["name"] == "Bob"


async def test_whoever_watches_is_told_by_all_workers_of_a_post_at_any(
    server: Server, group: str
) -> None:
    ann, bob = sign_in(server, "ann"), sign_in(server, "bob")
    group_id = group.partition(":")[2]
    channel = ann.made("POST", f"/api/groups/{group_id}/channels", {"name": "general"})
    async with following_everywhere(server, group, ann) as sockets:
        for live in sockets:
            await live.send(type="watch")
            await live.until(lambda m: m["type"] == "watching")
        path = f"/api/channels/{channel['id']}/posts"
        post = await asyncio.to_thread(bob.made, "POST", path, {"text": "Hello"})
        told = {"type": "newest", "groups": {group_id: {f"{channel['id']}": post["id"]}}}
        for live in sockets:
            await live.until(lambda m: m == told)


async def test_the_people_of_a_killed_worker_leave_unless_they_come_back(
    server: Server, group: str
) -> None:
    ann, bob = sign_in(server, "ann"), sign_in(server, "bob")
    async with (
        following(server, group, bob) as of_bob,
        following_everywhere(server, group, ann) as sockets,
    ):
        killed = await worker_of(server, of_bob)
        others = [live for live in sockets if await worker_of(server, live) != killed]
        assert others
        for live in others:
            await live.until(
                lambda m: "Bob" in [p["name"] for p in m.get("present", []) + m.get("joined", [])]
            )
        bob_id = bob.made("GET", "/api/me")["id"]
        os.kill(killed, signal.SIGKILL)
        killed_at = time.monotonic()
        for live in others:
            left = GONE_WITHIN_S - (time.monotonic() - killed_at)
            await live.until(
                lambda m: m["type"] == "presence" and bob_id in m.get("left", []), left
            )
            said = [m for m in live.messages if m["type"] == "presence"]
            ann_id = ann.made("GET", "/api/me")["id"]
            assert not any(ann_id in m.get("left", []) for m in said), "she is still there"
