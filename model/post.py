"""Posts and their replies. A reply belongs to a post, never to a reply, and goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from model.attachment import FileView, attach_files, find_own_files, list_files
from model.channel import MINE, READABLE, Channel, Channels
from model.database.table import Base, now
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, Invalid, NotFound
from model.group import Memberships
from model.log.event import record
from model.mention import mention_people, mention_people_anew, take_mentions_back
from model.post_view import ParentView, PostView, post_view
from model.reaction import ReactionView, list_reactions
from model.text.word import searchable
from model.user import Caller, Users

MAX_CHARS = 4000


class Posts(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)  # of the text, as they are searched
    reply_count: Mapped[int]
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "channel_id", "parent_id", "id"),
        Index(None, "channel_id", "id"),
        Index(None, "parent_id", "id"),
        {"sqlite_autoincrement": True},
    )


@dataclass(frozen=True)
class Post:
    """A post as somebody who may read it finds it, in the channel as she finds that."""

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

    def view(self, reactions: list[ReactionView], files: list[FileView]) -> PostView:
        return post_view(self, reactions, files)


Parents = aliased(Posts)
COLUMNS = (
    Posts.id,
    Posts.parent_id,
    Posts.author_id,
    Users.name.label("author_name"),
    Users.avatar.label("author_avatar"),
    Posts.text,
    Posts.reply_count,
    Posts.created_at,
    Posts.edited_at,
)
FIND = finder(
    MINE.with_only_columns(
        *COLUMNS, Parents.reply_count.label("parent_reply_count"), *MINE.selected_columns
    )
    .join(Posts, Posts.channel_id == Channels.id)
    .outerjoin(Users, Users.id == Posts.author_id)
    .outerjoin(Parents, Parents.id == Posts.parent_id)
    .where(Posts.id == bindparam("post_id"), READABLE),
    locks=[Channels, Posts, Memberships],
)
SELECT = (
    select(Posts.channel_id, *COLUMNS, Parents.reply_count.label("parent_reply_count"))
    .outerjoin_from(Posts, Users, Users.id == Posts.author_id)
    .outerjoin(Parents, Parents.id == Posts.parent_id)
)
REPLY_IDS = select(Posts.id).where(Posts.parent_id == bindparam("of_parent"))
INSERT = insert(Posts).returning(Posts.id)
EDIT = update(Posts).where(Posts.id == bindparam("of_post"))
COUNT_REPLIES = EDIT.values(reply_count=Posts.reply_count + bindparam("more")).returning(
    Posts.reply_count
)
DELETE = delete(Posts).where(Posts.id == bindparam("of_post"))


async def find_post(db: Transaction, post_id: int, *, reader: Caller) -> Post:
    post = await _find(db, post_id, reader)
    if post is None:
        raise NotFound("post")
    return post


async def view_post(db: Transaction, post: Post) -> PostView:
    reactions, files = await list_reactions(db, [post.id]), await list_files(db, [post.id])
    return post.view(reactions.get(post.id, []), files.get(post.id, []))


async def write_post(
    db: Transaction,
    channel: Channel,
    text: str,
    *,
    by: Caller,
    parent_id: int | None = None,
    file_ids: Sequence[int] = (),
) -> PostView:
    """The text may be empty when there are files."""
    require_writable(channel)
    files = await find_own_files(db, file_ids, by=by)
    require_content(text, files)
    parent = await _parent(db, channel, parent_id, by=by) if parent_id is not None else None
    created_at = now()
    post_id = await db.scalar(
        INSERT,
        channel_id=channel.id,
        parent_id=parent_id,
        author_id=by.id,
        text=text,
        words=searchable(text),
        reply_count=0,
        created_at=created_at,
    )
    replies = await db.scalar(COUNT_REPLIES, of_post=parent_id, more=1) if parent else None
    await attach_files(db, post_id, files)
    who = (by.id, by.name, by.avatar)
    post = Post(channel, post_id, parent_id, *who, text, 0, created_at, None, replies)
    await mention_people(db, post, by=by)
    view = post.view([], files)
    record(db, post.topic, "post.created", view, by=by.id, about=post.about)
    return view


async def edit_post(db: Transaction, post: Post, text: str, *, by: Caller) -> PostView:
    if post.author_id != by.id:
        raise Forbidden("post_not_yours", "Only its author may edit a post.")
    require_writable(post.channel)
    changed = replace(post, text=text, edited_at=now())
    view = await view_post(db, changed)
    require_content(text, view["files"])
    values = {"text": text, "words": searchable(text), "edited_at": changed.edited_at}
    await db.run(EDIT, of_post=post.id, **values)
    await mention_people_anew(db, changed, post.text, by=by)
    record(db, post.topic, "post.edited", view, by=by.id, about=post.about, scrubs=[post.about])
    return view


async def delete_post(db: Transaction, post: Post, *, by: Caller) -> None:
    """With its replies."""
    if post.author_id != by.id and not post.channel.role.moderates:
        raise Forbidden("post_not_yours", "Only its author or a moderator may delete a post.")
    replies = await db.all(REPLY_IDS, of_parent=post.id)
    await take_mentions_back(db, [post.id, *(reply.id for reply in replies)], by=by)
    await db.run(DELETE, of_post=post.id)
    parent: ParentView | None = None
    if post.parent_id is not None:
        count = await db.scalar(COUNT_REPLIES, of_post=post.parent_id, more=-1)
        parent = {"id": post.parent_id, "reply_count": count}
    scrubs = [post.about, *(f"post:{reply.id}" for reply in replies)]
    deleted = {"id": post.id, "parent": parent}
    record(db, post.topic, "post.deleted", deleted, by=by.id, about=post.about, scrubs=scrubs)


def require_writable(channel: Channel) -> None:
    if not channel.writable:
        raise Forbidden("not_a_moderator", "Only moderators and owners write here.")


def require_content(text: str, files: Sequence[FileView]) -> None:
    if not text.strip() and not files:
        raise Invalid({"text": "It is empty."})


async def _find(db: Transaction, post_id: int, reader: Caller) -> Post | None:
    row = await db.find(FIND, post_id=post_id, user_id=reader.id)
    width = len(COLUMNS) + 1
    return Post(Channel(*row[width:]), *row[:width]) if row else None


async def _parent(db: Transaction, channel: Channel, parent_id: int, *, by: Caller) -> Post:
    parent = await _find(db, parent_id, by)
    if parent is None or parent.channel.id != channel.id:
        raise Invalid({"parent_id": "There is no such post in this channel."})
    if parent.parent_id is not None:
        raise Conflict("not_a_post", "A reply takes no replies; answer the post itself.")
    return parent
