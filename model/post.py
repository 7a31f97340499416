"""Posts and their replies. A reply belongs to a post, never to a reply, and goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column
from typing_extensions import TypedDict

from model.act import record_channel_act
from model.channel import (
    CHANNEL_COLUMNS,
    CHANNELS_OF_READER,
    READABLE_CHANNEL,
    Channel,
    Channels,
    require_writable,
)
from model.database.page import Page, pages
from model.database.row import AnyRow, columns_of, load
from model.database.table import Base, now
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, Invalid, NotFound
from model.file import FileView, attach_files, find_own_files, list_files
from model.group import Memberships
from model.log.event import record, tell_again
from model.mention import mention_people, mention_people_anew, take_mentions_back
from model.reaction import ReactionView, list_reactions
from model.slow_mode import take_turn
from model.text.typed import is_blank
from model.text.word import searchable
from model.user import Caller, PersonView, Users, author

MAX_POST_CHARS = 10_000
_LONG_CHARS = 2_000  # SQLite notes for more than a millisecond which words there are


class Posts(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)  # of the text, as they are searched
    reply_count: Mapped[int]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "channel_id", "parent_id", "id"),
        Index(None, "channel_id", "id"),
        Index(None, "parent_id", "id"),
        Index(None, "author_id", "channel_id"),  # in which channels somebody is shown
        {"sqlite_autoincrement": True},
    )


class ParentView(TypedDict):
    """What a reply shows of the post that it belongs to."""

    id: int
    reply_count: int


class PostView(TypedDict):
    id: int
    channel_id: int
    parent: ParentView | None
    author: PersonView | None
    text: str
    created_at: datetime
    edited_at: datetime | None
    reply_count: int
    reactions: list[ReactionView]
    files: list[FileView]


@dataclass(frozen=True)
class Post:
    """A post as somebody who may read it finds it, in the channel as that reader finds it."""

    channel: Channel
    id: int
    parent_id: int | None
    author_id: int | None
    author_name: str | None
    author_avatar: str | None
    text: str
    reply_count: int
    created_at: datetime
    edited_at: datetime | None
    parent_reply_count: int | None

    @property
    def topic(self) -> str:
        return self.channel.topic

    @property
    def about(self) -> str:
        return f"post:{self.id}"

    @property
    def channel_id(self) -> int:
        return self.channel.id


_parents = aliased(Posts)
_COLUMNS = (
    *columns_of(Posts, Post),
    Users.name.label("author_name"),
    Users.avatar.label("author_avatar"),
    _parents.reply_count.label("parent_reply_count"),
)
POST_ROWS = (
    select(Posts.channel_id, *_COLUMNS)
    .outerjoin_from(Posts, Users, Users.id == Posts.author_id)
    .outerjoin(_parents, _parents.id == Posts.parent_id)
)
"""What `post_views` needs, of any posts."""

_FIND = finder(
    CHANNELS_OF_READER.with_only_columns(*CHANNEL_COLUMNS, *_COLUMNS)
    .join(Posts, Posts.channel_id == Channels.id)
    .outerjoin(Users, Users.id == Posts.author_id)
    .outerjoin(_parents, _parents.id == Posts.parent_id)
    .where(Posts.id == bindparam("post_id"), READABLE_CHANNEL),
    locks=[Channels, Posts, Memberships],
)
_LIST = pages(
    POST_ROWS.where(Posts.channel_id == bindparam("channel_id"), Posts.parent_id.is_(None)),
    Posts.id,
    newest_first=True,
)
_LIST_REPLIES = pages(POST_ROWS.where(Posts.parent_id == bindparam("of_parent")), Posts.id)
_REPLY_IDS = select(Posts.id).where(Posts.parent_id == bindparam("of_parent"))
_INSERT = insert(Posts).returning(Posts.id)
_INSERT_LONG = _INSERT.execution_options(in_thread=True)
_EDIT = update(Posts).where(Posts.id == bindparam("of_post"))
_EDIT_LONG = _EDIT.execution_options(in_thread=True)
_COUNT_REPLIES = _EDIT.values(reply_count=Posts.reply_count + bindparam("more")).returning(
    Posts.reply_count
)
_DELETE = delete(Posts).where(Posts.id == bindparam("of_post"))


async def find_post(db: Transaction, post_id: int, *, reader: Caller) -> Post:
    """The post, if its reader may read the channel. Raises NotFound."""
    post = await _find(db, post_id, reader)
    if post is None:
        raise NotFound("post")
    return post


async def view_post(db: Transaction, post: Post) -> PostView:
    """What others see of a post, with its reactions and files."""
    reactions = await list_reactions(db, [post.id])
    files = await list_files(db, [post.id])
    return _view(post, reactions.get(post.id, []), files.get(post.id, []))


async def list_posts(
    db: Transaction, channel: Channel, page: Page
) -> tuple[list[PostView], int | None]:
    """Posts that are no replies: newest first, or oldest first after a given one."""
    values = {"channel_id": channel.id, **page.values}
    rows, following = page.cut(await db.all(_LIST.of(page), **values))
    return await post_views(db, rows), following


async def list_replies(
    db: Transaction, post: Post, page: Page
) -> tuple[list[PostView], int | None]:
    """The replies to a post, oldest first."""
    values = {"of_parent": post.id, **page.values}
    rows, following = page.cut(await db.all(_LIST_REPLIES.of(page), **values))
    return await post_views(db, rows), following


async def post_views(db: Transaction, rows: Sequence[AnyRow]) -> list[PostView]:
    """The views of rows of POST_ROWS, in their order, with the reactions and files of each."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    reactions = await list_reactions(db, ids)
    files = await list_files(db, ids)
    return [_view(row, reactions.get(row.id, []), files.get(row.id, [])) for row in rows]


async def write_post(
    db: Transaction,
    channel: Channel,
    text: str,
    *,
    by: Caller,
    parent_id: int | None = None,
    file_ids: Sequence[int] = (),
) -> PostView:
    """A new post, or a reply to `parent_id`, with files in the given order.

    Raises Forbidden in a channel of announcements when the caller is no moderator; Invalid when
    there is neither text nor a file, or no such file or post; Conflict for a reply to a reply;
    TooMany in slow mode.
    """
    require_writable(channel)
    files = await find_own_files(db, file_ids, by=by)
    require_content(text, files)
    parent = await _parent(db, channel, parent_id, by=by) if parent_id is not None else None
    await take_turn(db, channel, by=by)
    post = await _insert(db, channel, parent, text, by=by)
    await attach_files(db, post.id, files)
    await mention_people(db, post, by=by)
    view = _view(post, [], files)
    record(db, post.topic, "post.created", view, by=by.id, about=post.about)
    return view


async def edit_post(db: Transaction, post: Post, text: str, *, by: Caller) -> PostView:
    """The post with another text.

    Raises Forbidden when the caller is not its author, or may no longer write in the channel;
    Invalid when neither text nor a file is left.
    """
    if post.author_id != by.id:
        raise Forbidden("post_not_yours", "Only its author may edit a post.")
    require_writable(post.channel)
    changed = replace(post, text=text, edited_at=now())
    view = await view_post(db, changed)
    require_content(text, view["files"])
    values = {"text": text, "words": searchable(text), "edited_at": changed.edited_at}
    is_long = max(len(text), len(post.text)) > _LONG_CHARS
    await db.run(_EDIT_LONG if is_long else _EDIT, of_post=post.id, **values)
    await mention_people_anew(db, changed, post.text, by=by)
    record(db, post.topic, "post.edited", view, by=by.id, about=post.about, scrubs=[post.about])
    return view


async def delete_post(db: Transaction, post: Post, *, by: Caller) -> None:
    """Delete a post with its replies.

    Raises Forbidden when the caller is neither its author nor a moderator.
    """
    if post.author_id != by.id and not post.channel.role.moderates:
        raise Forbidden("post_not_yours", "Only its author or a moderator may delete a post.")
    replies = await db.all(_REPLY_IDS, of_parent=post.id)
    await take_mentions_back(db, [post.id, *(reply.id for reply in replies)], by=by)
    await db.run(_DELETE, of_post=post.id)
    parent: ParentView | None = None
    if post.parent_id is not None:
        count = await db.scalar_one(_COUNT_REPLIES, of_post=post.parent_id, more=-1)
        parent = {"id": post.parent_id, "reply_count": count}
    scrubs = [post.about, *(f"post:{reply.id}" for reply in replies)]
    deleted = {"id": post.id, "parent": parent}
    record(db, post.topic, "post.deleted", deleted, by=by.id, about=post.about, scrubs=scrubs)
    tell_again(db, post.channel_id)
    if post.author_id != by.id:
        await record_channel_act(
            db, post.channel, "post.deleted", by=by, person_id=post.author_id, subject=post.about
        )


def require_content(text: str, files: Sequence[FileView]) -> None:
    """Raises Invalid when there is neither a text nor a file."""
    if is_blank(text) and not files:
        raise Invalid({"text": "It is empty."})


async def _find(db: Transaction, post_id: int, reader: Caller) -> Post | None:
    row = await db.find(_FIND, post_id=post_id, user_id=reader.id)
    return load(Post, row) if row else None


async def _parent(db: Transaction, channel: Channel, parent_id: int, *, by: Caller) -> Post:
    parent = await _find(db, parent_id, by)
    if parent is None or parent.channel.id != channel.id:
        raise Invalid({"parent_id": "There is no such post in this channel."})
    if parent.parent_id is not None:
        raise Conflict("not_a_post", "A reply takes no replies; answer the post itself.")
    return parent


async def _insert(
    db: Transaction, channel: Channel, parent: Post | None, text: str, *, by: Caller
) -> Post:
    """The new post; a parent counts it among its replies."""
    parent_id, created_at = parent.id if parent else None, now()
    post_id = await db.scalar_one(
        _INSERT_LONG if len(text) > _LONG_CHARS else _INSERT,
        channel_id=channel.id,
        parent_id=parent_id,
        author_id=by.id,
        text=text,
        words=searchable(text),
        reply_count=0,
        created_at=created_at,
    )
    replies = await db.scalar_one(_COUNT_REPLIES, of_post=parent_id, more=1) if parent else None
    return Post(
        channel=channel,
        id=post_id,
        parent_id=parent_id,
        author_id=by.id,
        author_name=by.name,
        author_avatar=by.avatar,
        text=text,
        reply_count=0,
        created_at=created_at,
        edited_at=None,
        parent_reply_count=replies,
    )


def _view(post: Post | AnyRow, reactions: list[ReactionView], files: list[FileView]) -> PostView:
    parent: ParentView | None = None
    if post.parent_id is not None:
        parent = {"id": post.parent_id, "reply_count": post.parent_reply_count or 0}
    return {
        "id": post.id,
        "channel_id": post.channel_id,
        "parent": parent,
        "author": author(post.author_id, post.author_name, post.author_avatar),
        "text": post.text,
        "created_at": post.created_at,
        "edited_at": post.edited_at,
        "reply_count": post.reply_count,
        "reactions": reactions,
        "files": files,
    }
