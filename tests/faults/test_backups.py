"""Backup and restore as whoever runs the server does it, while people use it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account, sign_in
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    yield (server := Server(tmp_path / "instance", workers=1).start())
    server.close()


def run(server: Server, *command: str) -> str:
    """What a command says, after the bar."""
    done = server.run(*command)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_backup_is_made_while_people_write_and_put_back_when_nobody_can(
    server: Server, tmp_path: Path
) -> None:
    """It takes three seconds: the server is started twice, and somebody signs in twice."""
    ann = first_account(server)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    posts = f"/api/channels/{channel['id']}/posts"
    ann.made("POST", posts, {"text": "before"})
    archive = str(tmp_path / "a.zip")
    assert f"{archive} has everything until" in run(server, "backup", archive)
    ann.made("POST", posts, {"text": "after"})
    old = ann.made("GET", posts)["live"]
    refused = server.run("restore", archive)
    assert refused.exit_code == 1
    assert "Error: The database is in use: stop every server first." in refused.stderr
    assert server.stop() == 0
    assert "What was here before is in" in run(server, "restore", archive)
    server.start()
    assert ann.ask("GET", posts)[0] == 401
    ann = sign_in(server, "ann")
    listed = ann.made("GET", posts)
    assert [post["text"] for post in listed["posts"]] == ["before"]
    asyncio.run(comes_back(server, ann, old, listed["live"]))


async def comes_back(server: Server, who: HttpClient, old: Any, new: Any) -> None:
    """Who was there before has to fetch anew: the numbers are given out again."""
    async with LiveClient(server.url, who.token) as live:
        await live.hello(old)
        reset = await live.until(lambda m: m["type"] == "reset")
        assert reset["reason"] == "epoch"
    async with LiveClient(server.url, who.token) as live:
        assert (await live.hello(new))["epoch"] == new["epoch"]
