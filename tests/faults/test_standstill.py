"""A worker that stands still for longer than the log is kept, as on a laptop that sleeps."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from model.channel import find_channel
from model.database.table import now
from model.database.unit_of_work import Database
from model.group import find_group, find_member
from model.log.event import RIGHTS_TOPIC, Events, Rights, judge_again, write_events
from model.log.retention import Retention, prune
from model.post import write_post
from model.removal import remove_member
from model.session import find_caller
from tests.live.client import LiveClient
from tests.support.http_client import HttpClient, first_account, sign_in
from tests.support.people import PASSWORD
from tests.support.server import Server


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url, "HOMEROOM_REGISTRATION": "open"}
    yield (server := Server(tmp_path / "instance", workers=1, settings=settings).start())
    server.close()


async def test_who_was_removed_meanwhile_sees_nothing_although_the_removal_is_pruned(
    server: Server, database_url: str
) -> None:
    ann = await asyncio.to_thread(first_account, server)
    account = {"username": "bob", "name": "Bob", "password": PASSWORD}
    HttpClient(server).made("POST", "/api/users", account)
    bob = await asyncio.to_thread(sign_in, server, "bob")
    bob_id = bob.made("GET", "/api/me")["id"]
    group = ann.made("POST", "/api/groups", {"name": "class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    code = ann.made("POST", f"/api/groups/{group['id']}/join-code", {})
    bob.made("POST", "/api/memberships", {"join_code": code["join_code"]})
    topic = f"channel:{channel['id']}"
    async with LiveClient(server.url, bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        (worker,) = server.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        try:
            await remove_and_prune(database_url, ann, group["id"], channel["id"], bob_id)
        finally:
            os.kill(worker, signal.SIGCONT)
        assert await live.closed() == 1012
        assert live.events(topic) == []
    async with LiveClient(server.url, bob.token) as live:
        await live.hello()
        assert (await live.subscribe(topic))["code"] == "not_found"


async def remove_and_prune(
    database_url: str, ann: HttpClient, group_id: int, channel_id: int, bob_id: int
) -> None:
    """What workers on other machines do meanwhile."""
    database = Database(database_url, before_commit=write_events)
    async with database.write() as db:
        by = await find_caller(db, ann.token or "")
        assert by
        group = await find_group(db, group_id, reader=by)
        await remove_member(db, group, await find_member(db, group, bob_id), by=by)
        channel = await find_channel(db, channel_id, reader=by)
        await write_post(db, channel, "not for bob", by=by)
    async with database.write() as db:
        judge_again(db, Rights(users=[by.id]))
        old = now() - timedelta(days=8)
        await db.run(update(Events).where(Events.topic == RIGHTS_TOPIC).values(at=old))
    assert await prune(database, Retention(days=7)) >= 1
    await database.close()
