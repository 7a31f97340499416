"""Who stops reading costs the server next to nothing, and misses nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bench.stage import Board, running, seed, servers
from tests.bench.stalled import publish
from tests.support.server import Server

MAX_GROWN_BYTES = 32 * 2**20


@pytest.fixture
async def homeroom(tmp_path: Path, database_url: str) -> AsyncIterator[Server]:
    server, _ = servers(tmp_path, workers=3, database_url=database_url)
    async with running(server):
        yield server


@pytest.fixture
async def board(homeroom: Server) -> Board:
    return await seed(homeroom)


async def test_a_stalled_reader_costs_little_memory_and_gets_everything_later(
    homeroom: Server, board: Board
) -> None:
    """Events are counted, and their order is checked, where they are received."""
    published = await publish(homeroom, board, at_once=20, stalled=2)
    assert published.grown < MAX_GROWN_BYTES
