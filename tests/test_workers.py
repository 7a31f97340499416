"""Several real worker processes on one database: nothing is lost, nothing comes twice."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server

SOCKETS, WRITERS, POSTS_EACH = 8, 6, 40


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url, "HOMEROOM_LIMITS": "off"}
    server = Server(tmp_path / "instance", workers=3, settings=settings).start()
    yield server
    server.close()


class Follower:
    """Follows a channel for ever: connects again and resumes behind the last event it has."""

    def __init__(self, server: Server, token: str, live: dict[str, Any]) -> None:
        self.server, self.token = server, token
        self.epoch, self.cursors = live["epoch"], dict(live["topics"])
        self.events: list[dict[str, Any]] = []
        self.connections = 0
        self.resets: list[dict[str, Any]] = []

    async def follow(self) -> None:
        while True:
            with suppress(OSError, websockets.WebSocketException, AssertionError, TimeoutError):
                await self._follow_once()
            await asyncio.sleep(0.05)

    async def has(self, seq: int) -> None:
        (topic,) = self.cursors
        while self.cursors[topic] < seq:
            await asyncio.sleep(0.02)

    def has_each_once(self, post_ids: list[int]) -> None:
        assert self.resets == []
        created = Counter(event["data"]["id"] for event in self.events)
        assert set(created) == set(post_ids)
        assert max(created.values()) == 1
        texts = Counter(event["data"]["text"] for event in self.events)
        assert max(texts.values()) == 1, "a post exists twice"

    async def _follow_once(self) -> None:
        async with LiveClient(self.server.url, self.token) as live:
            self.connections += 1
            await live.send(
                type="hello", token=self.token, epoch=self.epoch, topics=dict(self.cursors)
            )
            seen = 0
            while True:
                for message in await live.more(seen):
                    if message["type"] == "event":
                        self.events.append(message)
                        self.cursors[message["topic"]] = message["seq"]
                    elif message["type"] == "reset":
                        self.resets.append(message)
                seen = len(live.messages)


async def test_every_socket_has_every_acknowledged_post_once_through_kills_and_a_restart(
    server: Server,
) -> None:
    ann = await asyncio.to_thread(first_account, server)
    assert ann.token
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    path, topic = f"/api/channels/{channel['id']}/posts", f"channel:{channel['id']}"
    followers = [Follower(server, ann.token, ann.made("GET", path)["live"]) for _ in range(SOCKETS)]
    following = [asyncio.create_task(follower.follow()) for follower in followers]
    acknowledged: list[int] = []

    def write(writer: int) -> None:
        caller = HttpClient(server, ann.token)
        for number in range(POSTS_EACH):
            text = f"{writer}/{number}"
            post = caller.until_answered("POST", path, {"text": text}, f"key-{text}")
            acknowledged.append(post["id"])

    async def reach(count: int) -> None:
        while len(acknowledged) < count:
            await asyncio.sleep(0.01)

    async def disturb() -> None:
        await reach(WRITERS * POSTS_EACH // 4)
        os.kill(server.worker_pids()[1], signal.SIGKILL)
        await reach(WRITERS * POSTS_EACH // 2)
        assert await asyncio.to_thread(server.stop) == 0
        await asyncio.to_thread(server.start)

    async with asyncio.timeout(90):
        await asyncio.gather(
            disturb(), *(asyncio.to_thread(write, writer) for writer in range(WRITERS))
        )
        head = ann.made("GET", path)["live"]["topics"][topic]
        await asyncio.gather(*(follower.has(head) for follower in followers))
    for task in following:
        task.cancel()
    await asyncio.wait(following)

    assert len(set(acknowledged)) == WRITERS * POSTS_EACH
    for follower in followers:
        assert [event["seq"] for event in follower.events] == list(range(1, head + 1))
        follower.has_each_once(acknowledged)
    assert sum(follower.connections for follower in followers) > SOCKETS


async def test_what_one_worker_commits_a_socket_at_any_other_gets_at_once(server: Server) -> None:
    ann = await asyncio.to_thread(first_account, server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    topic = f"channel:{channel['id']}"
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(_sees_a_post_of_its_own(server, ann, topic))


async def _sees_a_post_of_its_own(server: Server, ann: HttpClient, topic: str) -> None:
    async with LiveClient(server.url, ann.token) as live:
        await live.hello()
        await live.subscribe(topic)
        path = f"/api/channels/{topic.partition(':')[2]}/posts"
        post = await asyncio.to_thread(ann.made, "POST", path, {"text": "Hello"})
        await live.until(lambda m: m["type"] == "event" and m["data"]["id"] == post["id"], 5)


async def test_whoever_has_written_reads_it_at_once_from_any_worker(server: Server) -> None:
    """For a second, at random: no worker answers with a list that it has kept for too long."""
    ann = await asyncio.to_thread(first_account, server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    path = f"/api/channels/{channel['id']}/posts"

    def text_in_list(post_id: int) -> str | None:
        listed = ann.made("GET", f"{path}?limit=100")["posts"]
        return next((post["text"] for post in listed if post["id"] == post_id), None)

    def write_and_read() -> int:
        rounds, until = 0, time.monotonic() + 1
        while time.monotonic() < until:
            post = ann.made("POST", path, {"text": "first"})
            assert text_in_list(post["id"]) == "first"
            ann.made("PATCH", f"/api/posts/{post['id']}", {"text": "second"})
            assert text_in_list(post["id"]) == "second"
            if random.random() < 0.8:
                ann.made("DELETE", f"/api/posts/{post['id']}")
                assert text_in_list(post["id"]) is None
            rounds += 1
        return rounds

    rounds = await asyncio.gather(*(asyncio.to_thread(write_and_read) for _ in range(WRITERS)))
    assert min(rounds) > 0
