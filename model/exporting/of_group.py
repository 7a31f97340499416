"""What is in the export of a group: all that one of its owners may read there.

It goes up to the ids that stood when it began.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from sqlalchemy import and_, bindparam, func, select

from model.channel import ChannelView
from model.database.row import AnyRow, AnySelect
from model.database.table import now
from model.database.unit_of_work import Transaction
from model.document import DOCUMENT_ROWS, Documents, DocumentView, document_view
from model.exporting.html_page import html_channel, html_head, html_post
from model.exporting.listing import Listing
from model.exporting.owners_view import OwnersView
from model.exporting.pieces import Advance, as_csv, as_lines, as_list
from model.exporting.posts import posts_of_channel
from model.exporting.stored_files import add_files
from model.exporting.zip_file import NewZip
from model.group import Group, Memberships
from model.post import Posts, PostView
from model.score import Scores
from model.storage.incoming import Incoming, incoming
from model.storage.store import Store, chunks_of
from model.user import HAS_ACCOUNT, Users

_DOCUMENTS_AT_ONCE = 20  # of up to 64 KiB

README = """\
{name}: an export from Homeroom, begun at {moment:%Y-%m-%d %H:%M} UTC for {owner}.

posts.html      all posts, to read in a browser; it needs no network
posts.jsonl     the same posts, one on each line as JSON
channels.json   the channels, to which `channel_id` refers
members.csv     the members of the group
scores.csv      all scores in games
documents.json  what applications have saved in the channels
files/          the files of the posts; each begins with its id

It has what {owner} could read as an owner of the group at that time: not the private channels of
others, no passwords, no codes. In the tables an apostrophe stands before what a spreadsheet would
take for a formula. It names who has written what: keep it as carefully as a class register.
"""
_MEMBERS_HEADER = ("id", "username", "name", "role", "joined_at")
_SCORES_HEADER = ("id", "channel_id", "game", "points", "player_id", "player", "set_at")

_STAND = select(
    select(func.coalesce(func.max(Posts.id), 0)).scalar_subquery().label("posts"),
    select(func.coalesce(func.max(Scores.id), 0)).scalar_subquery().label("scores"),
    select(func.coalesce(func.max(Documents.id), 0)).scalar_subquery().label("documents"),
)
_MEMBERS = Listing(
    select(Users.id, Users.username, Users.name, Memberships.role, Memberships.joined_at)
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .where(Memberships.group_id == bindparam("group_id"), HAS_ACCOUNT),
    Users.id,
)
_SCORES = Listing(
    select(
        Scores.id, Scores.channel_id, Scores.game, Scores.points, Users.id.label("player_id"),
        Users.name, Scores.created_at,
    )
    .outerjoin_from(Scores, Users, and_(Users.id == Scores.player_id, HAS_ACCOUNT))
    .where(Scores.channel_id == bindparam("channel_id"), Scores.id <= bindparam("last")),
    Scores.game,
    Scores.id,
)  # fmt: skip
_DOCUMENTS = Listing(
    DOCUMENT_ROWS.where(
        Documents.channel_id == bindparam("channel_id"), Documents.id <= bindparam("last")
    ),
    Documents.id,
    at_once=_DOCUMENTS_AT_ONCE,
)


class OfGroup:
    def __init__(self, view: OwnersView, store: Store, folder: Path, advance: Advance) -> None:
        """`folder` is for what is too large for memory; `advance` is told how far it is."""
        self._view, self._store, self._folder, self._advance = view, store, folder, advance
        self._channels: list[ChannelView] = []
        self._sizes: dict[int, int] = {}  # of the files of posts, by their ids
        self._last: AnyRow

    async def write(self, made: NewZip) -> None:
        """Add all of it. Raises NotFound or Forbidden when the group is not hers any more."""
        async with self._view.unit() as db:
            group = await self._view.group(db)
            (self._last,) = await db.all(_STAND)
            self._channels = await self._view.channels(db, group)
        said = README.format(name=group.name, moment=now(), owner=self._view.owner.name)
        await made.add_text("README.txt", said)
        await made.add("members.csv", as_csv(_MEMBERS_HEADER, self._members()))
        await self._add_posts(made, group)
        await made.add("channels.json", as_list(self._channel_views()))
        await made.add("scores.csv", as_csv(_SCORES_HEADER, self._scores()))
        await made.add("documents.json", as_list(self._documents()))
        await add_files(made, self._store, self._sizes, self._view.unit, self._advance)

    async def _add_posts(self, made: NewZip, group: Group) -> None:
        async with incoming(self._folder) as html:
            head = html_head(group.name, group.description, self._channels)
            await html.write(head.encode())
            await made.add("posts.jsonl", as_lines(self._posts(html)))
            await made.add("posts.html", chunks_of(html.file, 0, html.size_bytes))

    async def _posts(self, html: Incoming) -> AsyncIterator[Sequence[PostView]]:
        """All posts, which are written to the page as well."""
        last = self._last.posts
        for place, channel in enumerate(self._channels):
            await html.write(html_channel(channel).encode())
            async for posts in posts_of_channel(self._view, channel["id"], last):
                await html.write("".join(map(html_post, posts)).encode())
                for file in [file for post in posts for file in post["files"]]:
                    self._sizes[file["id"]] = file["size_bytes"]
                yield posts
                done = place + posts[0]["id"] / last
                await self._advance(int(50 * done / len(self._channels)))

    async def _channel_views(self) -> AsyncIterator[Iterable[dict[str, object]]]:
        """The channels, without what concerns their reader."""
        for channel in self._channels:
            yield [{name: channel.get(name) for name in ChannelView.__annotations__}]

    def _members(self) -> AsyncIterator[Sequence[AnyRow]]:
        return _MEMBERS.pages(self._read, group_id=self._view.group_id)

    async def _scores(self) -> AsyncIterator[Sequence[AnyRow]]:
        for channel in self._channels:
            async for rows in self._of_channel(_SCORES, channel, self._last.scores):
                yield rows

    async def _documents(self) -> AsyncIterator[Iterable[DocumentView]]:
        for channel in self._channels:
            async for rows in self._of_channel(_DOCUMENTS, channel, self._last.documents):
                yield [document_view(row, channel["id"], row.body) for row in rows]

    async def _read(self, statement: AnySelect, **values: object) -> Sequence[AnyRow]:
        async with self._view.unit() as db:
            return await db.all(statement, **values)

    def _of_channel(
        self, listing: Listing, channel: ChannelView, last: int
    ) -> AsyncIterator[Sequence[AnyRow]]:
        """The rows of a channel, as far as it may be read meanwhile."""

        async def read(statement: AnySelect, **values: object) -> Sequence[AnyRow]:
            async def look(db: Transaction) -> Sequence[AnyRow]:
                return await db.all(statement, **values)

            return await self._view.in_channel(channel["id"], look) or ()

        return listing.pages(read, channel_id=channel["id"], last=last)
