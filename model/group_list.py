"""The groups of a person as lists show them, with whether anything in them is unread.

They need channels, posts and read marks, so they stand apart from model/group.py.
"""

from sqlalchemy import and_, bindparam, func, literal, or_, select

from model.channel import READABLE_CHANNEL, Channels
from model.database.page import Page, pages
from model.database.row import load
from model.database.unit_of_work import Transaction
from model.group import GROUPS_OF_READER, Group, GroupEntry, Groups, Memberships
from model.post import Posts
from model.read_mark import ReadMarks
from model.user import Caller


class ListedGroup(GroupEntry):
    """A group in the list of one of its members; `unread` says whether there are posts to read."""

    unread: bool


_UNREAD_POST = (
    select(literal(1))
    .where(
        Posts.channel_id == Channels.id,
        Posts.id > func.coalesce(ReadMarks.post_id, 0),
        or_(Posts.author_id.is_(None), Posts.author_id != bindparam("user_id")),
    )
    .exists()
)
_UNREAD = (
    select(literal(1))
    .outerjoin_from(
        Channels,
        ReadMarks,
        and_(ReadMarks.channel_id == Channels.id, ReadMarks.user_id == Memberships.user_id),
    )
    .where(Channels.group_id == Memberships.group_id, READABLE_CHANNEL, _UNREAD_POST)
    .correlate(Memberships)
    .exists()
)
_LIST = pages(GROUPS_OF_READER.add_columns(_UNREAD.label("unread")), Groups.id)


async def list_groups(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[ListedGroup], int | None]:
    """The groups that the reader belongs to, oldest first."""
    rows, following = page.cut(await db.all(_LIST.of(page), user_id=reader.id, **page.values))
    return [{**load(Group, row).entry(), "unread": bool(row.unread)} for row in rows], following
