"""How far everybody has read, and the list of channels with what is new in each."""

from sqlalchemy import ForeignKey, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.channel import MINE, READABLE, Channel, Channels, ChannelView
from model.database.page import Page, pages
from model.database.table import Base
from model.database.unit_of_work import Transaction, finder
from model.errors import NotFound
from model.group import Group, Memberships, Role
from model.log.event import record
from model.post import Posts
from model.user import Caller

COUNTED = 100  # unread posts are counted up to here


class ReadMarks(Base):
    """The last post that somebody has read in a channel."""

    __tablename__ = "read_marks"
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    post_id: Mapped[int]


class ChannelEntry(ChannelView):
    """A channel with what concerns its reader: `unread` stops counting at 100.

    Owners of the group also see the names of private channels that are not `readable` for them.
    """

    readable: bool
    writable: bool
    read_mark: int
    unread: int


class ReadMarkView(TypedDict):
    channel_id: int
    post_id: int


_mark = func.coalesce(ReadMarks.post_id, 0)
_unread_posts = (
    select(literal(1).label("one"))
    .where(
        Posts.channel_id == Channels.id,
        Posts.id > _mark,
        or_(Posts.author_id.is_(None), Posts.author_id != bindparam("user_id")),
    )
    .correlate(Channels, ReadMarks)
    .limit(COUNTED)
    .subquery()
)
_readable = case((READABLE, True), else_=False)
_unread = select(func.count()).select_from(_unread_posts).scalar_subquery()
_entries = MINE.add_columns(
    _readable.label("readable"),
    _mark.label("read_mark"),
    case((READABLE, _unread), else_=0).label("unread"),
).outerjoin(
    ReadMarks,
    and_(ReadMarks.channel_id == Channels.id, ReadMarks.user_id == Memberships.user_id),
)
_visible = _entries.where(or_(READABLE, Memberships.role == Role.OWNER))
LIST = pages(_visible.where(Channels.group_id == bindparam("group_id")), Channels.id)
FIND = finder(
    _entries.where(READABLE, Channels.id == bindparam("channel_id")), locks=[Channels, Memberships]
)
NEWEST_UP_TO = select(func.max(Posts.id)).where(
    Posts.channel_id == bindparam("channel_id"), Posts.id <= bindparam("post_id")
)
_insert = insert(ReadMarks)
MOVE = _insert.on_conflict_do_update(
    index_elements=[ReadMarks.user_id, ReadMarks.channel_id],
    set_={"post_id": _insert.excluded.post_id},
    where=ReadMarks.post_id < _insert.excluded.post_id,
).returning(ReadMarks.post_id)
AT = select(ReadMarks.post_id).where(
    ReadMarks.user_id == bindparam("user_id"), ReadMarks.channel_id == bindparam("channel_id")
)


async def list_channels(
    db: Transaction, group: Group, page: Page, *, reader: Caller
) -> tuple[list[ChannelEntry], int | None]:
    values = {"group_id": group.id, "user_id": reader.id}
    rows, following = page.cut(await db.all(LIST.of(page), **values, **page.values))
    return [_entry(*row) for row in rows], following


async def find_channel_entry(
    db: Transaction, channel_id: int, *, reader: Caller
) -> tuple[Channel, ChannelEntry]:
    """The channel, and how it stands in its reader's list."""
    row = await db.find(FIND, channel_id=channel_id, user_id=reader.id)
    if row is None:
        raise NotFound("channel")
    return Channel(*row[:-3]), _entry(*row)


async def move_read_mark(
    db: Transaction, channel: Channel, post_id: int, *, by: Caller
) -> ReadMarkView:
    """Forwards only, and to a post that is there: where the mark stands now."""
    values = {"user_id": by.id, "channel_id": channel.id}
    newest = await db.scalar(NEWEST_UP_TO, channel_id=channel.id, post_id=post_id) or 0
    moved_to = await db.scalar(MOVE, **values, post_id=newest)
    mark: ReadMarkView = {"channel_id": channel.id, "post_id": moved_to or 0}
    if moved_to is None:
        return {**mark, "post_id": await db.scalar(AT, **values)}
    record(db, f"user:{by.id}", "read_mark.moved", mark, by=by.id)
    return mark


def _entry(*row: object) -> ChannelEntry:
    *of_channel, readable, read_mark, unread = row
    channel = Channel(*of_channel)  # type: ignore[arg-type] # the columns of MINE
    return {
        **channel.view(),
        "readable": bool(readable),
        "writable": bool(readable) and channel.writable,
        "read_mark": int(read_mark),  # type: ignore[call-overload] # coalesced
        "unread": int(unread),  # type: ignore[call-overload] # counted
    }
