"""The posts of a channel. They are put into the database file by SQL: a million by requests would
take an hour.
"""

import asyncio
import sqlite3
from contextlib import closing
from urllib.parse import urlencode

from tests.bench.growth.curve import Curve, Growth, Shape
from tests.bench.growth.ground import Ground, between

SIZES = (1_000, 10_000, 100_000, 1_000_000)
COMMON, RARE = "common", "rare"
SEARCHES = 10
INSERT = f"""
    WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
    INSERT INTO posts (channel_id, author_id, text, words, reply_count, created_at)
    SELECT :channel_id, :author_id, 'Post ' || n,
           '{COMMON} word' || n % 5000 || iif(n % 500, '', ' {RARE}'), 0, '2026-01-01 00:00:00'
    FROM numbers
"""


async def grow(ground: Ground) -> Growth:
    group = await ground.group("posts")
    (channel,) = await ground.channels(group, ["long"])
    (author,) = await ground.members(group, ["author"])
    posts, channels = f"/api/channels/{channel.id}/posts", f"/api/groups/{group.id}/channels"
    curves = {
        "read one": Curve("read one of them", Shape.FLAT),
        "newest": Curve("list the newest 20", Shape.FLAT),
        "middle": Curve("list 20 in the middle", Shape.FLAT),
        "write": Curve("write one more", Shape.FLAT),
        "unread": Curve("list the channel with what is unread", Shape.FLAT),
        "own": Curve("the same for whoever wrote all of them", Shape.LINEAR),
        "rare": Curve("search a word of one in 500", Shape.LINEAR),
        "common": Curve("search a word of all", Shape.LINEAR),
        "idle": Curve("an idle second", Shape.FLAT),
    }
    for size, added in between(SIZES):
        await asyncio.to_thread(ground.server.stop)  # else it would read them all, for who watches
        last = insert(ground, channel.id, author.id, len(added))
        await asyncio.to_thread(ground.server.start)
        middle = last - size // 2
        asked = {
            "read one": ground.gets(*(f"/api/posts/{last - n}" for n in range(20))),
            "newest": ground.gets(posts),
            "middle": ground.gets(f"{posts}?before={middle}"),
            "write": ground.writes(channel, author.token),
            "unread": ground.gets(channels),
            "own": ground.gets(channels, token=author.token),
        }
        for what, ask in asked.items():
            curves[what].points[size] = await ground.cost_us(ask)
        for what, word in {"rare": RARE, "common": COMMON}.items():
            search = ground.gets(f"/api/search?{urlencode({'q': word})}")
            curves[what].points[size] = await ground.cost_us(search, SEARCHES)
        curves["idle"].points[size] = await ground.cost_of_a_second_us()
    return Growth("posts in a channel", list(curves.values()))


def insert(ground: Ground, channel_id: int, author_id: int, count: int) -> int:
    """The id of the last one."""
    with closing(sqlite3.connect(ground.file, isolation_level=None)) as database:
        (first,) = database.execute("SELECT coalesce(max(id), 0) + 1 FROM posts").fetchone()
        values = {"channel_id": channel_id, "author_id": author_id}
        database.execute(INSERT, {**values, "first": first, "last": first + count - 1})
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(first) + count - 1
