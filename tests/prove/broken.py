"""`python broken.py HOW`: Homeroom, with one promise broken before it serves."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from api import app
from api.cli import cli
from model.database.unit_of_work import Database, Transaction
from model.live import feed
from model.live.feed import Feed

DIES_AT = 25  # each so many posts of a worker
PASSES = 10  # one of so many hints


class RecordsAfterwards(Database):
    """The events of a change are committed after it, and some workers die in between."""

    posts = 0

    @asynccontextmanager
    async def write(self, tx: str | None = None) -> AsyncIterator[Transaction]:
        async with super().write(tx) as db:
            yield db
            notes, db.notes = db.notes, []
        if any(note.kind == "post.created" for note in notes):
            self.posts += 1
            if self.posts % DIES_AT == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        async with super().write(tx) as second:
            second.notes, second.forgotten = notes, db.forgotten


class NeedsHints(Feed):
    """Most hints are lost, and nobody looks without one."""

    hints = 0

    def wake(self, topics: Any) -> None:
        self.hints += 1
        if self.hints % PASSES == 0:
            super().wake(topics)


class RepeatsAtTheHandOver(Feed):
    """What is replayed last comes again from the ring."""

    async def replay(self, *arguments: Any) -> Any:
        replayed = await super().replay(*arguments)
        if not isinstance(replayed, tuple):
            return replayed
        text, seq = replayed
        return text, seq - 1


class NeverJudges(Feed):
    """Who has lost a right goes on reading."""

    async def judge(self) -> None:
        self.unchecked.clear()


if __name__ == "__main__":
    match sys.argv.pop(1):
        case "records-afterwards":
            app.Database = RecordsAfterwards  # type: ignore[attr-defined] # it imports it
        case "needs-hints":
            app.Feed = NeedsHints  # type: ignore[attr-defined] # it imports it
            feed.LOOK_EVERY_S = feed.STALE_AFTER_S = 3600  # or who comes later is refused
        case "repeats":
            app.Feed = RepeatsAtTheHandOver  # type: ignore[attr-defined] # it imports it
        case "never-judges":
            app.Feed = NeverJudges  # type: ignore[attr-defined] # it imports it
        case other:
            raise SystemExit(f"There is no {other}.")
    cli()
