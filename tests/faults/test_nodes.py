"""Two real servers with one PostgreSQL and one Redis, of which one loses its power."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.live.client import LiveClient
from tests.live.test_presence import joined, left
from tests.support.http_client import HttpClient, first_account, sign_in
from tests.support.people import PASSWORD
from tests.support.redis import running_redis
from tests.support.server import Server, changed_by

IMPATIENT = changed_by("""
from model.live import presence
presence.RENEW_S, presence.EXPIRE_S, presence.LINGER_S = 0.3, 1, 0.1
""")


@pytest.fixture
def nodes(database_url: str, tmp_path: Path) -> Iterator[list[Server]]:
    with running_redis(tmp_path) as redis:
        settings = {
            "HOMEROOM_DATABASE_URL": database_url,
            "HOMEROOM_REDIS_URL": redis.url,
            "HOMEROOM_SECRET_KEY": "the same on all machines" * 2,
            "HOMEROOM_REGISTRATION": "open",
        }
        nodes = [
            Server(tmp_path / f"node {number}" / "instance", workers=number, settings=settings)
            for number in (1, 2)
        ]
        for node in nodes:
            node.instance.parent.mkdir()
            node.program = IMPATIENT
        with closing(nodes[0].start()), closing(nodes[1].start()):
            yield nodes


def register(server: Server, username: str) -> HttpClient:
    account = {"username": username, "name": username.title(), "password": PASSWORD}
    HttpClient(server).made("POST", "/api/users", account)
    return sign_in(server, username)


def lose_power(server: Server) -> None:
    """Nobody there says anything any more."""
    assert server.process
    for pid in (server.process.pid, *server.worker_pids()):
        os.kill(pid, signal.SIGSTOP)  # a worker would notice that its supervisor is gone
    for pid in (*server.worker_pids(), server.process.pid):
        os.kill(pid, signal.SIGKILL)
    server.process.wait(10)


@pytest.mark.own_database
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_was_at_a_machine_without_power_is_gone_after_a_while_and_comes_back(
    nodes: list[Server],
) -> None:
    """It takes as long as three starts of a server."""
    one, two = nodes
    ann = first_account(one)
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    code = ann.made("POST", f"/api/groups/{group['id']}/join-code", {})
    bob = register(two, "bob")
    bob.made("POST", "/api/memberships", {"join_code": code["join_code"]})
    bob_id = bob.made("GET", "/api/me")["id"]
    topic = f"channel:{channel['id']}"
    async with LiveClient(one.url, ann.token) as live:
        head = (await live.follow(topic))["seq"]
        async with LiveClient(two.url, bob.token) as at_two:
            await at_two.follow(topic)
            await live.until(joined("Bob"))
            lose_power(two)
        await live.until(left(bob_id))
        seen = len(live.messages)
        await asyncio.to_thread(two.start)
        async with LiveClient(two.url, bob.token) as at_two:
            await at_two.follow(topic)
            await live.until(lambda m: m in live.messages[seen:] and joined("Bob")(m))
            await asyncio.to_thread(
                bob.made, "POST", f"/api/channels/{channel['id']}/posts", {"text": "I am back"}
            )
            await live.event(topic, head + 1)
