"""`python -m tests.bench.search`: how long searches take among many posts, asked in every way."""

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from model.channel import Channels, Kind
from model.database.page import Page
from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.group import Groups, Memberships, Role
from model.log.event import write_events
from model.post import Posts
from model.schema import prepare
from model.search import Filters, phrases_of, search_posts
from model.session import find_caller, open_session
from model.text.word import searchable
from model.user import Caller, create_user
from tests.bench.load import Latency, latency, request
from tests.bench.stage import connect, new_database, running
from tests.support.server import Server

GROUPS, CHANNELS_EACH, AUTHORS, VOCABULARY = 5, 20, 50, 30_000
OLD_SHARE = 0.02  # of the posts: all that there are in the last group, and the oldest
LENGTHS = (3, 5, 8, 10, 12, 15, 20, 40, 80)  # of posts, in words
AT_ONCE = 1000
ASKED = 40  # of each kind
SYLLABLES = re.findall(
    "[a-z]+", "ka lo mi tu re san vor bel dra fin gol hem jin pra ste qui ar en om"
)


@dataclass(frozen=True)
class Reader:
    what: str
    caller: Caller
    token: str


Search = Callable[[Reader, str, Filters], Awaitable[object]]


def vocabulary() -> list[str]:
    """The first are common, as in a language: each half as often as the one of half its rank."""
    made = dict.fromkeys(
        "".join(random.choices(SYLLABLES, k=random.randint(1, 4))) for _ in range(4 * VOCABULARY)
    )
    return list(made)[:VOCABULARY]


def kinds(words: Sequence[str]) -> dict[str, Callable[[], tuple[str, Filters]]]:
    """Questions of each kind; another one each time."""

    def of(first: int, last: int) -> str:
        return random.choice(words[first:last])

    return {
        "rare word": lambda: (f'"{of(15_000, 25_000)}"', Filters()),
        "middling word": lambda: (f'"{of(300, 1000)}"', Filters()),
        "common word": lambda: (f'"{of(0, 5)}"', Filters()),
        "two words": lambda: (f"{of(0, 20)} {of(20, 300)}", Filters()),
        "phrase": lambda: (f'"{of(0, 5)} {of(0, 5)}"', Filters()),
        "prefix of 1": lambda: (of(0, 1000)[:1], Filters()),
        "prefix of 2": lambda: (of(0, 1000)[:2], Filters()),
        "prefix of 3": lambda: (of(0, 1000)[:3], Filters()),
        "by an author": lambda: (f'"{of(0, 5)}"', Filters(author_id=random.randint(4, AUTHORS))),
        "in a channel": lambda: (f'"{of(0, 5)}"', Filters(channel_id=random.randint(1, 100))),
    }


async def fill(db: Transaction, posts: int, words: Sequence[str]) -> list[Reader]:
    """Groups with their channels, posts in all of them, and who reads which."""
    users = [await create_user(db, f"user{n}", f"User {n}", "-") for n in range(AUTHORS)]
    group = {"name": "group", "description": "", "created_at": now()}
    await db.run_for_each(insert(Groups), [{"id": n, **group} for n in range(1, GROUPS + 1)])
    channels = GROUPS * CHANNELS_EACH
    await db.run_for_each(
        insert(Channels),
        [
            {"id": n, "group_id": 1 + (n - 1) // CHANNELS_EACH, "kind": Kind.OPEN, **group}
            for n in range(1, channels + 1)
        ],
    )
    readers = []
    everywhere = range(1, GROUPS + 1)
    for user, (what, groups) in zip(
        users,
        {"20 of 100": [1], "20 old, small": [GROUPS], "all 100": everywhere}.items(),
        strict=False,
    ):
        member = {"user_id": user.id, "role": Role.MEMBER, "joined_at": now()}
        await db.run_for_each(insert(Memberships), [{"group_id": n, **member} for n in groups])
        token = (await open_session(db, user, "bench")).token
        caller = await find_caller(db, token)
        assert caller
        readers.append(Reader(what, caller, token))
    weights = list(accumulate(1 / rank for rank in range(2, len(words) + 2)))
    for first in range(0, posts, AT_ONCE):
        await db.run_for_each(
            insert(Posts),
            [post(n, posts, channels, words, weights) for n in range(first, first + AT_ONCE)],
        )
    return readers


def post(
    number: int, posts: int, channels: int, words: Sequence[str], weights: Sequence[float]
) -> dict[str, Any]:
    is_old = number < posts * OLD_SHARE
    recent = channels - CHANNELS_EACH
    spelt = " ".join(random.choices(words, cum_weights=weights, k=random.choice(LENGTHS)))
    return {
        "channel_id": random.randint(recent + 1, channels) if is_old else random.randint(1, recent),
        "author_id": random.randint(1, AUTHORS),
        "text": spelt,
        "words": searchable(spelt),
        "reply_count": 0,
        "created_at": now(),
    }


async def measure(
    name: str, search: Search, readers: Sequence[Reader], words: Sequence[str]
) -> None:
    show(f"{name}, p50 / p95 ms", *(reader.what for reader in readers))
    for kind, question in kinds(words).items():
        figures = []
        for reader in readers:
            times = []
            for _ in range(ASKED):
                asked = question()
                started = time.perf_counter()
                await search(reader, *asked)
                times.append(time.perf_counter() - started)
            figures.append(spelt(latency(times)))
        show(kind, *figures)


async def bench(url: str, server: Server, posts: int) -> None:
    random.seed(1)
    words = vocabulary()
    await prepare(url)
    database = Database(url, before_commit=write_events)
    started = time.perf_counter()
    async with database.write() as db:
        readers = await fill(db, posts, words)
    show(f"{posts:,} posts written, s", f"{time.perf_counter() - started:.0f}")
    if not database.is_sqlite:  # as its own housekeeping does after a while
        engine = create_async_engine(database.address, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))
        await engine.dispose()

    async def by_model(reader: Reader, q: str, filters: Filters) -> object:
        async with database.read() as db:
            return await search_posts(db, phrases_of(q), filters, Page(), reader=reader.caller)

    await measure("the model function", by_model, readers, words)
    await database.close()
    async with running(server):
        connection_ = await connect(server)

        async def by_http(reader: Reader, q: str, filters: Filters) -> object:
            given = {name: value for name, value in vars(filters).items() if value}
            path = f"/api/search?{urlencode({'q': q, **given})}"
            return await connection_.ask(request("GET", path, reader.token))

        await measure("over HTTP", by_http, readers, words)
        connection_.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    parser.add_argument("--posts", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server; else SQLite")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="homeroom-bench-") as folder,
        new_database(given.database) as made,
    ):
        instance = Path(folder) / "instance"
        instance.mkdir()
        url = made or f"sqlite+aiosqlite:///{instance / 'app.db'}"
        settings = {"HOMEROOM_LIMITS": "off", "HOMEROOM_DATABASE_URL": url}
        asyncio.run(bench(url, Server(instance, settings=settings, is_forked=False), given.posts))
    return 0


def spelt(times: Latency) -> str:
    return f"{times.p50:.1f} / {times.p95:.1f}"


def show(what: str, *figures: str) -> None:
    sys.stdout.write(f"{what:32}{''.join(f'{figure:>18}' for figure in figures)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
