"""Whoever restores or moves a database has it alone, and a server that runs keeps it from that."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import URL

from model.database.address import database_address
from model.database.lock import InUse, exclusive
from tests.support.server import Server

HOLDERS = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND database =
    (SELECT oid FROM pg_database WHERE datname = current_database())
"""
HELD_AGAIN_WITHIN_S = 10


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url}
    server = Server(tmp_path / "instance", workers=2, settings=settings)
    yield server
    server.close()


async def is_free(address: URL, instance: Path) -> bool:
    try:
        async with exclusive(address, instance):
            return True
    except InUse:
        return False


async def take_from(address: URL) -> None:
    """End the sessions that hold the lock, and wait until as many others do."""
    plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    first = {row["pid"] for row in await connection.fetch(HOLDERS)}
    assert len(first) == 2, "each worker holds it"
    await connection.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", first)
    async with asyncio.timeout(HELD_AGAIN_WITHIN_S):
        while len({row["pid"] for row in await connection.fetch(HOLDERS)} - first) < len(first):
            await asyncio.sleep(0.05)
    await connection.close()


async def test_a_server_has_its_database_until_its_last_process_has_ended(
    server: Server, database_url: str
) -> None:
    """It takes a real server, which is started twice."""
    address = database_address(database_url)
    async with exclusive(address, server.instance):
        with pytest.raises(AssertionError, match="it ended"):
            await asyncio.to_thread(server.start)
    assert server.log.endswith("is being restored or moved: try again when that is done.\n")
    await asyncio.to_thread(server.start)
    assert not await is_free(address, server.instance)
    if address.get_backend_name() == "postgresql":
        await take_from(address)
        assert not await is_free(address, server.instance), "it is held again"
    left = server.worker_pids()
    for pid in left:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.to_thread(server.kill)
    assert not await is_free(address, server.instance), "its workers have not ended"
    for pid in left:
        os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(HELD_AGAIN_WITHIN_S):
        while not await is_free(address, server.instance):
            await asyncio.sleep(0.05)
