"""One process at a time, and whoever is killed holds nothing any more."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from model.database.address import database_address
from model.database.lock import InUse, exclusive, serving, taken
from model.database.unit_of_work import Database
from model.log.event import write_events
from tests.support.server import ROOT

HOLDER = """
import asyncio, sys
from pathlib import Path
from model.database.unit_of_work import Database
from model.database.lock import taken
from model.log.event import write_events

async def hold() -> None:
    database = Database(sys.argv[1], before_commit=write_events)
    async with taken(database, Path(sys.argv[2])) as is_ours:
        print(is_ours, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


async def is_free(url: str, file: Path) -> bool:
    async with taken(Database(url, before_commit=write_events), file) as is_ours:
        return is_ours


async def test_only_one_has_it_until_the_end(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.lock"
    async with taken(Database(database_url, before_commit=write_events), file) as is_ours:
        assert is_ours
        assert not await is_free(database_url, file)
    assert await is_free(database_url, file)


async def test_the_lock_of_a_killed_process_is_free(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "jobs.lock"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, file, cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert await holder.stdout.readline() == b"True\n"
        assert not await is_free(database_url, file)
    finally:
        holder.kill()
        await holder.wait()
    async with asyncio.timeout(5):  # PostgreSQL has to notice it
        while not await is_free(database_url, file):
            await asyncio.sleep(0.01)


async def test_many_serve_beside_each_other_and_nobody_beside_who_is_alone(
    database_url: str, tmp_path: Path
) -> None:
    """Who is refused has tried for a second."""
    place = database_address(database_url), tmp_path
    async with serving(*place):
        async with serving(*place):
            pass
        with pytest.raises(InUse, match="stop every server first"):
            async with exclusive(*place):
                pass
    async with exclusive(*place):
        for other in (serving, exclusive):
            with pytest.raises(InUse):
                async with other(*place):
                    pass
    async with serving(*place):
        pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_comes_a_moment_before_the_server_is_gone_has_it_alone_soon(
    database_url: str, tmp_path: Path
) -> None:
    """PostgreSQL learns late that a process was killed: its lock is there a little longer."""
    place = database_address(database_url), tmp_path

    async def alone() -> None:
        async with exclusive(*place):
            pass

    async with serving(*place):
        coming = asyncio.create_task(alone())
        await asyncio.wait({coming}, timeout=0.2)
        assert not coming.done()
    await coming
