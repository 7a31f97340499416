"""Watching: who wants to know where there are new posts, in all channels that she may read.

Nothing of it is stored, and it costs a post nothing. The full looks of the feed find the posts that
have come since, in whatever channel. Once a second at most, everybody who watches is told the
newest one of each channel that had some, unless they are all her own. She is told 0, before that,
of a channel in which a post is gone, or was committed behind a newer one. Who may read a channel is
judged then, for all who watch, in one statement of the look's own snapshot. What somebody has not
taken when rights change is taken back, and judged again with the next turn.

So a lost notice is nothing that could be missed for ever: the list of channels has it.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, select

from model.access import readers_of_channels
from model.database.row import AnyRow
from model.database.unit_of_work import Transaction
from model.live.ephemeral import NewestMessage, encode
from model.live.frame import Frame, in_one_frame
from model.live.subscription import Reader
from model.post import Posts

_LATE_S = 2  # PostgreSQL may commit a number after a greater one
_ON_THEIR_WAY = 100  # the last numbers, among which those may be that are not yet committed
_POSTS_AT_ONCE = 2000
_JUDGED_AT_ONCE = 20_000  # pairs of a person and a channel; the others' turn is the next one

Place = tuple[int, int]  # a group, and a channel of it

_NEWEST = select(func.coalesce(func.max(Posts.id), 0))
_NEW = (
    select(Posts.id, Posts.channel_id, Posts.author_id)
    .where(Posts.id > bindparam("after"))
    .order_by(Posts.id)
    .limit(_POSTS_AT_ONCE)
)


@dataclass
class News:
    """What has come in a channel since it was last told."""

    post_id: int = 0
    author_ids: set[int | None] = field(default_factory=set)
    is_changed: bool = False  # who knows the newest post may still be wrong about the others

    def has_post_for(self, user_id: int) -> bool:
        return self.post_id > 0 and self.author_ids != {user_id}


@dataclass
class Notice:
    """What somebody is told, as a message of each: where to count anew, and the newest posts."""

    changed: set[Place] = field(default_factory=set)
    newest: dict[Place, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changed or self.newest)

    def add(self, later: "Notice") -> None:
        self.changed |= later.changed
        self.newest |= later.newest

    @property
    def frame(self) -> Frame:
        told = (dict.fromkeys(self.changed, 0), self.newest)
        return in_one_frame([encode(_message(places)) for places in told if places])


def _message(places: Mapping[Place, int]) -> NewestMessage:
    groups = defaultdict[int, dict[int, int]](dict)
    for (group_id, channel_id), post_id in places.items():
        groups[group_id][channel_id] = post_id
    return NewestMessage(groups)


@dataclass
class Notices:
    """What there is to tell of some channels, for each person who watches and may read them."""

    channel_ids: list[int]
    of_user: defaultdict[int, Notice]


class Watch:
    """Those readers of a worker who watch, and what there is to tell them."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._untaken: dict[Reader, Notice] = {}  # of everybody who watches
        self._news = defaultdict[int, News](News)  # by channel
        self._after: int | None = None  # posts up to here are no longer looked at
        self._seen: dict[int, float] = {}  # those behind it: when they were first seen
        self._told_at = 0.0

    def join(self, reader: Reader) -> None:
        """Tell a reader from now on; lists that she fetches from now on have what came before."""
        self._untaken.setdefault(reader, Notice())

    def leave(self, reader: Reader) -> None:
        self._untaken.pop(reader, None)

    def restart(self) -> None:
        """Forget which posts there were: their numbers may be given out again."""
        self._after = None
        self._seen.clear()

    async def look(self, db: Transaction) -> Notices | None:
        """What everybody may be told in this snapshot, if it is time; then `tell` it."""
        await self._find_posts(db)
        user_ids = {reader.user_id for reader in self._untaken}
        if not user_ids:
            self._news.clear()
        if not self._news or time.monotonic() < self._told_at + self._every_s:
            return None
        channel_ids = [*self._news][: max(1, _JUDGED_AT_ONCE // len(user_ids))]
        notices = Notices(channel_ids, defaultdict(Notice))
        for row in await readers_of_channels(db, channel_ids, user_ids):
            news, place = self._news[row.channel_id], (row.group_id, row.channel_id)
            if news.is_changed:
                notices.of_user[row.user_id].changed.add(place)
            if news.has_post_for(row.user_id):
                notices.of_user[row.user_id].newest[place] = news.post_id
        return notices

    def tell(self, notices: Notices) -> None:
        """Let everybody take what is for her, once the rights of the look are applied."""
        self._told_at = time.monotonic()
        for channel_id in notices.channel_ids:
            del self._news[channel_id]
        for reader, untaken in self._untaken.items():
            if notice := notices.of_user.get(reader.user_id):
                untaken.add(notice)
                reader.wake()

    def tell_again(self, channel_ids: Iterable[int]) -> None:
        """Tell of channels in which something has changed without a new post."""
        for channel_id in channel_ids:
            self._news[channel_id].is_changed = True

    def withdraw(self) -> None:
        """Take back what nobody has taken yet, because rights have changed."""
        for reader, untaken in self._untaken.items():
            self.tell_again(channel_id for _, channel_id in untaken.changed)
            for (_, channel_id), post_id in untaken.newest.items():
                news = self._news[channel_id]
                news.post_id = max(news.post_id, post_id)
                news.author_ids.add(None)  # for whomever it was
            self._untaken[reader] = Notice()

    def take(self, reader: Reader) -> Frame | None:
        """What a reader is told next; None when there is nothing."""
        untaken = self._untaken.get(reader)
        if not untaken:
            return None
        self._untaken[reader] = Notice()
        return untaken.frame

    async def _find_posts(self, db: Transaction) -> None:
        moment, is_beginning = time.monotonic(), self._after is None
        if self._after is None:
            self._after = max(0, await db.scalar_one(_NEWEST) - _ON_THEIR_WAY)
        newest = max(self._seen, default=self._after)
        for row in await db.all(_NEW, after=self._after):
            if row.id not in self._seen:
                self._seen[row.id] = moment
                if not is_beginning:
                    self._note(row, is_late=row.id < newest)
        for post_id, seen_at in [*self._seen.items()]:
            if seen_at > moment - _LATE_S:
                break
            self._after = max(self._after, post_id)
            del self._seen[post_id]

    def _note(self, post: AnyRow, *, is_late: bool) -> None:
        news = self._news[post.channel_id]
        news.post_id = max(news.post_id, post.id)
        news.author_ids.add(post.author_id)
        news.is_changed |= is_late
