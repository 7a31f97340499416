"""Six ways to break the rule "rights before events"."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from model.database.table import MAX_ID
from model.database.unit_of_work import Transaction
from model.live.feed import Feed, T
from model.live.frame import in_one_frame
from model.live.ring import Encoded
from model.live.subscription import Reset, Subscription
from model.live.watch import Notices, Watch
from model.log.cursor import events_after, events_between
from model.log.event import RIGHTS_TOPIC

_LATE_S = 0.05


class LateFeed(Feed):
    """Each look is late, as that of a busy worker is, so that a breakage is soon seen."""

    async def look(self, topics: Any = None) -> None:
        await asyncio.sleep(_LATE_S)
        await super().look(topics)


class DeliversInProcess(LateFeed):
    """A commit of this worker goes to its own sockets without a look, which may be late."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tasks: list[asyncio.Future[None]] = []

    def wake(self, topics: Any) -> None:
        super().wake(topics)
        for topic in self.rings.keys() & (topics or ()):
            self.tasks.append(asyncio.ensure_future(self.deliver(topic)))

    async def deliver(self, topic: str) -> None:
        async with self.database.read() as db:
            rows = await events_after(db, {topic: 0}, MAX_ID)
        for row in rows:
            if topic in self.rings:
                self.rings[topic].append(Encoded.of(row))


class LooksOnlyOnce(Feed):
    """Who joins is judged in a snapshot that may be older than what is applied."""

    async def judged(self, judge: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self.database.read() as db:
            return await judge(db)


class RaisesLate(Feed):
    """`applied` is raised only after the judging."""

    def collect(self, rows: Any) -> None:
        before = self.applied
        super().collect(rows)
        self.raised, self.applied = self.applied, before

    async def judge(self) -> None:
        await super().judge()
        self.applied = max(self.applied, self.raised)

    async def look(self, topics: Any = None) -> None:
        await super().look(topics)
        self.applied = max(self.applied, self.raised)


class PushesBeforeJudging(Feed):
    """Events go out as soon as they are read; whose right is gone is judged afterwards."""

    async def look(self, topics: Any = None) -> None:
        del topics
        cursors = {topic: ring.head for topic, ring in self.rings.items()}
        async with self.database.read_apart() as db:
            rows = await events_after(db, {RIGHTS_TOPIC: self.applied, **cursors}, MAX_ID)
        self.collect(row for row in rows if row.topic == RIGHTS_TOPIC)
        self.fill(row for row in rows if row.topic != RIGHTS_TOPIC)
        if self.unchecked:
            await self.judge()
        self.looked_at = time.monotonic()


class ReplaysPastTheHead(LateFeed):
    """Everything is replayed: what no look has seen, by the right of yesterday."""

    def frame(self, subscription: Subscription) -> NoReturn:
        del subscription
        raise LookupError

    async def replay(self, reader: Any, subscription: Subscription) -> Any:
        del reader
        async with self.database.read() as db:
            rows = await events_between(
                db, subscription.topic, after=subscription.cursor, until=MAX_ID, limit=50
            )
        if not rows:
            return Reset(0, "retention")
        return in_one_frame([Encoded.of(row).text for row in rows]), rows[-1].seq


class TellsWhoOnceCould(Feed):
    """Who may read a channel is kept for those who watch, and not judged with each turn."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.watch = RemembersRights(0)


class RemembersRights(Watch):
    def __init__(self, every_s: float) -> None:
        super().__init__(every_s)
        self.could = set[tuple[int, int, int]]()

    async def look(self, db: Transaction) -> Notices | None:
        notices = await super().look(db)
        if notices:
            for user_id, notice in notices.of_user.items():
                self.could |= {(user_id, *place) for place in notice.newest}
            for user_id, group_id, channel_id in self.could:
                if channel_id in notices.channel_ids:
                    place = group_id, channel_id
                    notices.of_user[user_id].newest[place] = self._news[channel_id].post_id
        return notices
