"""What is in the export of what is a person's own: what she has written, sent, saved and set.

Of posts it has her words and her files, also where she may not read any more; of others nothing.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import BindParameter, and_, bindparam, or_, select

from model.channel import READABLE_CHANNEL, Channels
from model.database.row import AnyRow, AnySelect
from model.database.table import now
from model.database.unit_of_work import Database, Transaction
from model.document import DOCUMENT_ROWS, Documents, DocumentView, document_view
from model.errors import NotFound
from model.exporting.listing import Listing
from model.exporting.pieces import Advance, as_csv, as_lines, as_list
from model.exporting.stored_files import add_files
from model.exporting.zip_file import NewZip
from model.file import FILE_IN_USE, Files, list_files
from model.group import Groups, Memberships
from model.mention import Mentions
from model.post import Posts
from model.reaction import Reactions
from model.score import Scores
from model.session import Sessions
from model.storage.blob import Blobs
from model.storage.store import Store
from model.user import User, find_account

_DOCUMENTS_AT_ONCE = 20  # of up to 64 KiB

README = """\
What is kept of {username}, exported from Homeroom on {moment:%Y-%m-%d} at {moment:%H:%M} UTC.

profile.json    your account
sessions.csv    where you are signed in
groups.csv      the groups to which you belong
posts.jsonl     what you have written, one post on each line as JSON
reactions.csv   your reactions to posts
mentions.csv    who has mentioned you, and where
scores.csv      your scores in games
documents.json  what applications have saved for you, or you have saved in channels
files.csv       the files that you have sent, which are in files/

In the tables an apostrophe stands before what a spreadsheet would take for a formula.
"""

_is_hers: BindParameter[int] = bindparam("user_id")
_is_there = Channels.group_id.is_not(None)  # a channel without a group is deleted

_SESSIONS = Listing(
    select(
        Sessions.id, Sessions.scope, Sessions.name, Sessions.agent, Sessions.address,
        Sessions.created_at, Sessions.used_at, Sessions.expires_at,
    ).where(Sessions.user_id == _is_hers),
    Sessions.id,
)  # fmt: skip
_GROUPS = Listing(
    select(Groups.id, Groups.name, Memberships.role, Memberships.joined_at)
    .join_from(Memberships, Groups, Groups.id == Memberships.group_id)
    .where(Memberships.user_id == _is_hers),
    Groups.id,
)
_POSTS = Listing(
    select(
        Posts.id, Posts.channel_id, Posts.parent_id, Posts.text, Posts.created_at, Posts.edited_at
    )
    .join_from(Posts, Channels, Channels.id == Posts.channel_id)
    .where(Posts.author_id == _is_hers, _is_there),
    Posts.channel_id,
    Posts.id,
)
_REACTIONS = Listing(
    select(Reactions.post_id, Reactions.emoji).where(Reactions.user_id == _is_hers),
    Reactions.post_id,
    Reactions.emoji,
)
_MENTIONS = Listing(
    select(Mentions.post_id, Mentions.channel_id, Mentions.by_id, Mentions.created_at)
    .join_from(Mentions, Channels, Channels.id == Mentions.channel_id)
    .join(Memberships, Memberships.group_id == Channels.group_id)
    .where(Mentions.user_id == _is_hers, Memberships.user_id == _is_hers, READABLE_CHANNEL),
    Mentions.post_id,
)
_SCORES = Listing(
    select(Scores.id, Scores.channel_id, Scores.game, Scores.points, Scores.created_at)
    .join_from(Scores, Channels, Channels.id == Scores.channel_id)
    .where(Scores.player_id == _is_hers, _is_there),
    Scores.channel_id,
    Scores.id,
)
_DOCUMENTS = Listing(
    DOCUMENT_ROWS.add_columns(Documents.channel_id)
    .outerjoin(Channels, Channels.id == Documents.channel_id)
    .where(
        or_(
            Documents.owner_id == _is_hers,
            and_(Documents.saved_by == _is_hers, _is_there),
        )
    ),
    Documents.id,
    at_once=_DOCUMENTS_AT_ONCE,
)
_FILES = Listing(
    select(Files.id, Files.name, Files.media_type, Blobs.size_bytes, Files.created_at)
    .join_from(Files, Blobs, Blobs.id == Files.blob_id)
    .where(Files.uploader_id == _is_hers, FILE_IN_USE),
    Files.id,
)
_TABLES = {
    "sessions.csv": (
        ("id", "scope", "name", "agent", "address", "created_at", "used_at", "expires_at"),
        _SESSIONS,
    ),
    "groups.csv": (("id", "name", "role", "joined_at"), _GROUPS),
    "reactions.csv": (("post_id", "emoji"), _REACTIONS),
    "mentions.csv": (("post_id", "channel_id", "by_id", "created_at"), _MENTIONS),
    "scores.csv": (("id", "channel_id", "game", "points", "set_at"), _SCORES),
}


class OfPerson:
    def __init__(self, database: Database, user_id: int, store: Store, advance: Advance) -> None:
        self._database, self._user_id = database, user_id
        self._store, self._advance = store, advance
        self._sizes: dict[int, int] = {}  # of her files, by their ids

    async def write(self, made: NewZip) -> None:
        """Add all of it. Raises NotFound when there is no such account any more."""
        async with self._database.read() as db:
            user = await self._judged(db)
        said = README.format(username=user.username, moment=now())
        await made.add_text("README.txt", said)
        await made.add_text("profile.json", msgspec.json.encode(user.own_view()).decode())
        for place, (name, (header, listing)) in enumerate(_TABLES.items()):
            await made.add(name, as_csv(header, self._pages(listing)))
            await self._advance(5 * place)
        await made.add("posts.jsonl", as_lines(self._posts()))
        await made.add("documents.json", as_list(self._documents()))
        header = ("id", "name", "media_type", "size_bytes", "created_at")
        await made.add("files.csv", as_csv(header, self._files()))
        await add_files(made, self._store, self._sizes, self._unit, self._advance)

    async def _judged(self, db: Transaction) -> User:
        user = await find_account(db, self._user_id)
        if not user.active:
            raise NotFound("person")
        return user

    @asynccontextmanager
    async def _unit(self) -> AsyncIterator[Transaction]:
        async with self._database.read() as db:
            await self._judged(db)
            yield db

    async def _read(self, statement: AnySelect, **values: object) -> Sequence[AnyRow]:
        async with self._unit() as db:
            return await db.all(statement, **values)

    def _pages(self, listing: Listing) -> AsyncIterator[Sequence[AnyRow]]:
        return listing.pages(self._read, user_id=self._user_id)

    async def _posts(self) -> AsyncIterator[Iterable[dict[str, object]]]:
        async for rows in self._pages(_POSTS):
            async with self._unit() as db:
                files = await list_files(db, [row.id for row in rows])
            yield [
                {**dict(zip(row._fields, row, strict=True)), "files": files.get(row.id, [])}
                for row in rows
            ]

    async def _documents(self) -> AsyncIterator[Iterable[DocumentView]]:
        async for rows in self._pages(_DOCUMENTS):
            yield [document_view(row, row.channel_id, row.body) for row in rows]

    async def _files(self) -> AsyncIterator[Sequence[AnyRow]]:
        async for rows in self._pages(_FILES):
            self._sizes |= {row.id: row.size_bytes for row in rows}
            yield rows
