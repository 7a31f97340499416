"""`python -m tests.bench.soak`: everyday use, and one who does harm. Does the server stay as it is?

It does when the memory of its workers stays within a tenth of what it was in the second minute,
and 99 of 100 others wait less than 250 ms for `GET /api/me`.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.bench.soak.run import soak
from tests.bench.stage import new_database
from tests.support.server import Server

WORKERS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=20, help="at least 2 (%(default)s)")
    parser.add_argument("--peace", action="store_true", help="without the one who does harm")
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server; else SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, new_database(given.database) as url:
        settings = {"HOMEROOM_DATABASE_URL": url} if url else {}
        server = Server(
            Path(folder) / "instance", workers=WORKERS, settings=settings, is_forked=False
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            is_kept = runner.run(soak(server, given.minutes, troubled=not given.peace))
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
