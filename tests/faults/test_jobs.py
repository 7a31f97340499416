"""Periodic work of real workers: one of them at a time, whichever lives."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server, changed_by
from tests.support.waiting import within

OFTEN = """
import asyncio, os
from api import jobs

clean_up = jobs.clean_up

async def watched(*given):
    os.write(1, b"began %d\\n" % os.getpid())
    try:
        await clean_up(*given)
        await asyncio.sleep(0.02)  # as if there were more to do
    finally:
        os.write(1, b"ended %d\\n" % os.getpid())

jobs.FIRST_S = jobs.EVERY_S = 0.01
jobs.clean_up = watched
"""
WITHIN_S = 30


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = {"HOMEROOM_DATABASE_URL": database_url}
    program = changed_by(OFTEN)
    server = Server(tmp_path / "instance", workers=3, settings=settings, program=program)
    yield server.start()
    server.close()


def turns(server: Server) -> list[tuple[str, int]]:
    return [(what, int(pid)) for what, pid in re.findall(r"(began|ended) (\d+)\n", server.log)]


def until_each_has_worked(server: Server, pids: set[int], since: int = 0) -> None:
    def have_worked() -> bool:
        return pids <= {pid for what, pid in turns(server)[since:] if what == "ended"}

    assert within(WITHIN_S, have_worked), turns(server)[-10:]


def test_of_three_workers_one_at_a_time_works_and_a_killed_one_hinders_nobody(
    server: Server,
) -> None:
    first, *others = server.worker_pids()
    until_each_has_worked(server, {first, *others})
    os.kill(first, signal.SIGKILL)
    before = len(turns(server))
    until_each_has_worked(server, set(others), since=before)
    assert server.stop() == 0
    assert "cleaning up failed" not in server.log
    inside: int | None = None
    for what, pid in turns(server):
        if what == "began":
            assert inside in {None, first}, "two at a time"
            inside = pid
        elif inside == pid:
            inside = None
