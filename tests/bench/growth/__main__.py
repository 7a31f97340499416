"""`python -m tests.bench.growth`: what things cost as they grow, as a table and as a picture.

Everything is asked of one worker, whose processor time is counted. Exits with 1 when something
grows that should not.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from api.server.descriptors import raise_limit
from model.database.address import sqlite_address
from model.database.unit_of_work import Database
from model.log.event import write_events
from tests.bench.growth import members, posts, subscribers, topics
from tests.bench.growth.curve import Growth
from tests.bench.growth.ground import Ground
from tests.bench.growth.picture import draw
from tests.bench.stage import connect, running
from tests.support.http_client import first_account
from tests.support.server import Server

GROWING = {"subscribers": subscribers, "topics": topics, "members": members, "posts": posts}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--only", choices=GROWING, nargs="+", default=list(GROWING))
    parser.add_argument("--picture", type=Path, metavar="FILE", help="an SVG to write")
    given = parser.parse_args()
    raise_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        growths = runner.run(measure(given.only))
    if given.picture:
        given.picture.write_text(draw(growths))
    return 0 if all(curve.is_as_it_must_be for of in growths for curve in of.curves) else 1


async def measure(what: Sequence[str]) -> list[Growth]:
    growths = []
    for name in what:
        async with ground() as empty:
            growths.append(await GROWING[name].grow(empty))
        sys.stdout.write(f"{growths[-1].table()}\n\n")
        sys.stdout.flush()
    return growths


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    settings = {"HOMEROOM_LIMITS": "off", "HOMEROOM_LIVE_TOPICS": "1000"}
    with tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder:
        instance = Path(folder) / "instance"
        server = Server(instance, workers=1, settings=settings, is_forked=False)
        database = Database(sqlite_address(instance / "app.db"), before_commit=write_events)
        async with running(server):
            ann = await asyncio.to_thread(first_account, server)
            assert ann.token
            asker = await connect(server)
            yield Ground(server, database, ann.token, asker)
            asker.close()
        await database.close()


if __name__ == "__main__":
    sys.exit(main())
