"""`main.py new-epoch`, after a copy was put back: nobody goes on counting as before."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account
from tests.support.server import Server

SOCKETS = 6


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url}
    yield (server := Server(tmp_path / "instance", workers=3, settings=settings).start())
    server.close()


@pytest.fixture
def ann(server: Server) -> HttpClient:
    return first_account(server)


@pytest.fixture
def posts(ann: HttpClient) -> str:
    """The path of the posts of a channel with two of them."""
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    path = f"/api/channels/{channel['id']}/posts"
    for text in ("one", "two"):
        ann.made("POST", path, {"text": text})
    return path


async def begin_epoch(server: Server) -> str:
    """The line that the command prints."""
    done = await asyncio.to_thread(server.run, "new-epoch")
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


async def fetches_again(server: Server, ann: HttpClient, old: dict[str, Any], posts: str) -> None:
    """Whoever comes with the old epoch is told so for its topic, and can follow the new list."""
    (topic,) = old["topics"]
    async with LiveClient(server.url, ann.token) as live:
        welcome = await live.hello(old)
        assert welcome["epoch"] != old["epoch"]
        reset = await live.until(lambda m: m["type"] == "reset")
        assert (reset["topic"], reset["reason"]) == (topic, "epoch")
    listed = await asyncio.to_thread(ann.made, "GET", posts)
    assert listed["live"]["epoch"] == welcome["epoch"]
    async with LiveClient(server.url, ann.token) as live:
        await live.hello(listed["live"])
        await asyncio.to_thread(ann.made, "POST", posts, {"text": "anew"})
        event = await live.event(topic, listed["live"]["topics"][topic] + 1)
        assert event["data"]["text"] == "anew"


async def test_whoever_is_connected_is_sent_away_and_fetches_again(
    server: Server, ann: HttpClient, posts: str
) -> None:
    old = (await asyncio.to_thread(ann.made, "GET", posts))["live"]
    async with AsyncExitStack() as stack:
        clients = [LiveClient(server.url, ann.token) for _ in range(SOCKETS)]
        for live in clients:
            await stack.enter_async_context(live)
            await live.hello(old)
        printed = await begin_epoch(server)
        for live in clients:
            assert await live.closed() == 1012
            bye = live.messages[-1]
            assert (bye["type"], bye["code"]) == ("bye", 1012)
            assert 0 <= bye["retry_after"] <= 1
    await fetches_again(server, ann, old, posts)
    new = (await asyncio.to_thread(ann.made, "GET", posts))["live"]
    assert printed == f"A new log has begun. Its epoch is {new['epoch']}.\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_whoever_comes_after_a_stop_fetches_again(
    server: Server, ann: HttpClient, posts: str
) -> None:
    old = (await asyncio.to_thread(ann.made, "GET", posts))["live"]
    await asyncio.to_thread(server.stop)
    await begin_epoch(server)
    await asyncio.to_thread(server.start)
    await fetches_again(server, ann, old, posts)
