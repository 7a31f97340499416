"""The channels of a group as lists show them, with what is new in each for their reader.

They need posts, read marks and scores, so they stand apart from model/channel.py.
"""

from sqlalchemy import and_, bindparam, case, func, literal, or_, select

from model.channel import CHANNELS_OF_READER, READABLE_CHANNEL, Channel, Channels, ChannelView
from model.database.page import Page, pages
from model.database.row import AnyRow, load, load_all
from model.database.unit_of_work import Transaction, finder
from model.errors import NotFound
from model.group import Group, Memberships, Role
from model.post import Posts
from model.read_mark import ReadMarks
from model.score import HAS_SCORES
from model.user import Caller

_COUNTED = 100  # unread posts are counted up to here


class ChannelEntry(ChannelView):
    """A channel with what concerns its reader: `unread` stops counting at 100.

    `newest` is the id of its newest post, 0 without one: what watching tells is newer, or known.
    Owners of the group also see the names of private channels that are not `readable` for them.
    """

    readable: bool
    writable: bool
    read_mark: int
    unread: int
    newest: int
    has_scores: bool


_read_mark = func.coalesce(ReadMarks.post_id, 0)
_unread_posts = (
    select(literal(1).label("one"))
    .where(
        Posts.channel_id == Channels.id,
        Posts.id > _read_mark,
        or_(Posts.author_id.is_(None), Posts.author_id != bindparam("user_id")),
    )
    .correlate(Channels, ReadMarks)
    .limit(_COUNTED)
    .subquery()
)
_unread = select(func.count()).select_from(_unread_posts).scalar_subquery()
_newest = (
    select(func.coalesce(func.max(Posts.id), 0))
    .where(Posts.channel_id == Channels.id)
    .scalar_subquery()
)
_ENTRIES = CHANNELS_OF_READER.add_columns(
    case((READABLE_CHANNEL, True), else_=False).label("readable"),
    _read_mark.label("read_mark"),
    case((READABLE_CHANNEL, _unread), else_=0).label("unread"),
    case((READABLE_CHANNEL, _newest), else_=0).label("newest"),
    case((READABLE_CHANNEL, HAS_SCORES), else_=False).label("has_scores"),
).outerjoin(
    ReadMarks,
    and_(ReadMarks.channel_id == Channels.id, ReadMarks.user_id == Memberships.user_id),
)
_LIST = pages(
    _ENTRIES.where(
        Channels.group_id == bindparam("group_id"),
        or_(READABLE_CHANNEL, Memberships.role == Role.OWNER),
    ),
    Channels.id,
)
_FIND = finder(
    _ENTRIES.where(READABLE_CHANNEL, Channels.id == bindparam("channel_id")),
    locks=[Channels, Memberships],
)


async def list_channels(
    db: Transaction, group: Group, page: Page, *, reader: Caller
) -> tuple[list[ChannelEntry], int | None]:
    """The channels of a group that the reader may see, oldest first."""
    values = {"group_id": group.id, "user_id": reader.id, **page.values}
    rows, following = page.cut(await db.all(_LIST.of(page), **values))
    channels = load_all(Channel, rows)
    return [_entry(channel, row) for channel, row in zip(channels, rows, strict=True)], following


async def find_channel_entry(
    db: Transaction, channel_id: int, *, reader: Caller
) -> tuple[Channel, ChannelEntry]:
    """The channel, and how its reader's list shows it. Raises NotFound."""
    row = await db.find(_FIND, channel_id=channel_id, user_id=reader.id)
    if row is None:
        raise NotFound("channel")
    channel = load(Channel, row)
    return channel, _entry(channel, row)


def _entry(channel: Channel, row: AnyRow) -> ChannelEntry:
    readable = bool(row.readable)
    return {
        **channel.view(),
        "readable": readable,
        "writable": readable and channel.writable,
        "read_mark": row.read_mark,
        "unread": row.unread,
        "newest": row.newest,
        "has_scores": bool(row.has_scores),
    }
