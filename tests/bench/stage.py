"""What is measured: Homeroom with a group and its channels, the floor beside it, a new database."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.prove import database
from tests.bench.load import Connection, Failed, request
from tests.support.http_client import first_account
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
POSTS, LISTED = 200, 20
SENTENCE = "Does anybody know how to centre a table in the page, as on the second sheet?"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TRIES = 30  # to find connections for all workers alike

C = TypeVar("C", bound=Connection)


@dataclass(frozen=True)
class Board:
    """Somebody's token and what she may ask for."""

    token: str
    group_id: int
    read_id: int  # the channel of `post_ids`
    post_ids: Sequence[int]
    written_id: int  # the channel that is only written to
    live_id: int  # the one that is listened to

    @property
    def topic(self) -> str:
        return f"channel:{self.live_id}"

    def loads(self) -> dict[str, list[bytes]]:
        """What is asked again and again, by the row that it is shown in."""
        return {
            "health": [request("GET", "/health")],
            "read": self.reads(),
            "list": [self.listing()],
            "channels": [request("GET", f"/api/groups/{self.group_id}/channels", self.token)],
            "write": [self.write(self.written_id)],
        }

    def reads(self) -> list[bytes]:
        return [request("GET", f"/api/posts/{i}", self.token) for i in self.post_ids]

    def listing(self) -> bytes:
        return request("GET", f"/api/channels/{self.read_id}/posts?limit={LISTED}", self.token)

    def write(self, channel_id: int) -> bytes:
        path = f"/api/channels/{channel_id}/posts"
        return request("POST", path, self.token, {"text": SENTENCE})

    def commit(self, *, events: int, chars: int) -> bytes:
        """So many events with texts of so many characters, as the route of `homeroom.py` does."""
        path = f"/api/channels/{self.live_id}/commits"
        return request("POST", path, self.token, {"events": events, "chars": chars})


async def seed(server: Server) -> Board:
    ann = first_account(server)
    assert ann.token
    group = ann.made("POST", "/api/groups", {"name": "class"})
    path = f"/api/groups/{group['id']}/channels"
    read_id, written_id, live_id = (
        ann.made("POST", path, {"name": name})["id"] for name in ("read", "written", "live")
    )
    board = Board(ann.token, group["id"], read_id, [], written_id, live_id)
    asker = await Connection().open(server.port)
    answers = [await asker.ask(board.write(read_id)) for _ in range(POSTS)]
    board = replace(board, post_ids=[msgspec.json.decode(answer)["id"] for answer in answers])
    listed = msgspec.json.decode(await asker.ask(board.listing()))["posts"]
    asker.close()
    if [post["id"] for post in listed] != board.post_ids[: -LISTED - 1 : -1]:
        raise Failed(f"the newest {LISTED} posts are not listed: {listed}")
    return board


def servers(
    folder: Path, workers: int, database_url: str | None, code: Path = ROOT
) -> tuple[Server, Server]:
    """Homeroom, of this code or of another checkout, and its floor; neither is started."""
    settings = {"HOMEROOM_LIMITS": "off", "PYTHONPATH": str(code)}
    if database_url:
        settings["HOMEROOM_DATABASE_URL"] = database_url
    homeroom = Server(
        folder / "instance",
        workers=workers,
        settings=settings,
        program=["-m", "tests.bench.homeroom"],
        is_forked=False,
    )
    floor = Server(
        folder / "floor",
        workers=workers,
        settings={"PYTHONPATH": str(ROOT)},
        program=["-m", "tests.bench.floor"],
        is_forked=False,
    )
    return homeroom, floor


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    try:
        yield await asyncio.to_thread(server.start)
    except Failed as failure:
        failure.add_note(last_words(server))
        raise
    finally:
        await asyncio.to_thread(server.close)  # meanwhile connections close


def last_words(server: Server) -> str:
    """What its log says but for requests."""
    lines = [line for line in server.log.splitlines() if '"homeroom.request"' not in line]
    return "\n".join([f"The log of {server.program[-1]} ends with", *lines[-5:]])


def rss(server: Server) -> int:
    """Bytes of all worker processes; a page that two share counts twice."""
    statms = [Path(f"/proc/{pid}/statm").read_text().split() for pid in server.worker_pids()]
    return sum(int(fields[1]) for fields in statms) * PAGE_BYTES


def pss(server: Server) -> int:
    """Bytes of all its processes; a page that two share counts half for each."""
    assert server.process
    pids = [server.process.pid, *server.worker_pids()]
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(re.findall(r"^Pss: +(\d+)", each, re.MULTILINE)[0]) for each in rollups) * 1024


def cpu_s(server: Server) -> float:
    """Processor time of all threads of the worker processes."""
    spent_ns = 0
    for pid in server.worker_pids():
        for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            spent_ns += int(thread.read_text().split()[0])
    return spent_ns / 1e9


def workers_of(server: Server) -> dict[int, int]:
    """The process that serves each connection, by the client's port."""
    pids = {}
    for pid in server.worker_pids():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                pids[descriptor.readlink().name] = pid
    ports = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, inode = (line.split()[i] for i in (1, 2, 9))
        if int(local[-4:], 16) == server.port and (pid := pids.get(f"socket:[{inode}]", 0)):
            ports[int(remote[-4:], 16)] = pid
    return ports


@asynccontextmanager
async def spread(
    server: Server, count: int, connect: Callable[[], Awaitable[C]]
) -> AsyncIterator[list[C]]:
    """Connections that are shared out evenly: chance would move a rate by up to half."""
    room = Counter(
        {pid: len(range(i, count, server.workers)) for i, pid in enumerate(server.worker_pids())}
    )
    kept: list[C] = []
    try:
        for _ in range(TRIES):
            made = await asyncio.gather(*(connect() for _ in range(count - len(kept))))
            pids = workers_of(server)
            for connection in made:
                pid = pids[connection.port]
                if room[pid] > 0:
                    room[pid] -= 1
                    kept.append(connection)
                else:
                    connection.close()
            if len(kept) == count:
                break
        else:
            kept += [await connect() for _ in range(count - len(kept))]
        yield kept
    finally:
        for connection in kept:
            connection.close()


async def connect(server: Server) -> Connection:
    """Accepted by a worker, which a new connection is not before its first answer."""
    connection = await Connection().open(server.port)
    await connection.ask(request("GET", "/health"))
    return connection


@contextmanager
def new_database(server_url: str | None) -> Iterator[str | None]:
    """On that PostgreSQL server, for as long as it is needed; without one SQLite is used."""
    if server_url is None:
        yield None
        return
    with database.new_database(server_url) as url:
        yield url


async def ask_database(url: str, statement: str) -> str:
    """The first value of the answer, if there is any."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            result = await connection.execute(text(statement))
            return str(result.scalar()) if result.returns_rows else ""
    finally:
        await engine.dispose()
