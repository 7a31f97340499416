"""Reports: a reader tells those who are responsible that a post should not be there.

A report has a copy of the post, which is disclosed to them alone, and stays whatever becomes of the
post and of the people. How it is settled, and forgotten, is in model/report_settlement.py.

Responsible are the owners and moderators of the group; for what one of these wrote, the other
owners, or the only owner herself. Of a private channel it is those of them who belong to it, or
else the owners, who may join it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    ForeignKey,
    Index,
    Label,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, aliased, mapped_column
from typing_extensions import TypedDict

from model.act import moderation_topic
from model.channel import (
    CHANNEL_COLUMNS,
    CHANNELS_OF_READER,
    Channel,
    ChannelMembers,
    Channels,
    Kind,
)
from model.database.page import Page, pages
from model.database.row import columns_of, load, load_all
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, NotFound
from model.file import list_files
from model.group import Group, Memberships, Role, require_moderates
from model.log.event import record
from model.post import Post, Posts
from model.user import Caller, PersonView, Users, author

MAX_REASON_CHARS = 1_000


class Outcome(StrEnum):
    DISMISSED = "dismissed"
    DELETED = "deleted"  # the post was
    WARNED = "warned"  # its author was


class Reports(Base):
    """`text` and `file_names` are the copy; `of_moderator` says what the author was then."""

    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    reporter_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    of_moderator: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    file_names: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None] = mapped_column(index=True)
    settled_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome, "outcome"))
    __table_args__ = (
        Index(None, "group_id", "id"),
        UniqueConstraint("post_id", "reporter_id"),
        {"sqlite_autoincrement": True},
    )


class ReportReceipt(TypedDict):
    """What the reporter is told: `disclosed_to` are the ids of those who got the copy."""

    id: int
    post_id: int
    reason: str
    created_at: datetime
    disclosed_to: list[int]


class ReportView(TypedDict):
    """`text` and `file_names` are a copy of the post as it was; `post_id` is null without it."""

    id: int
    group_id: int
    channel_id: int
    post_id: int | None
    parent_id: int | None
    author: PersonView | None
    reporter: PersonView | None
    reason: str
    text: str
    file_names: list[str]
    created_at: datetime
    settled_at: datetime | None
    settled_by: PersonView | None
    outcome: Outcome | None


@dataclass(frozen=True)
class Report:
    """A report as somebody finds it who is responsible, in the channel as that reader has it."""

    channel: Channel
    id: int
    post_id: int | None
    parent_id: int | None
    author_id: int | None
    author_name: str | None
    author_avatar: str | None
    reporter_id: int | None
    reporter_name: str | None
    reporter_avatar: str | None
    is_for_owners: bool
    reason: str
    text: str
    file_names: list[str]
    created_at: datetime
    settled_at: datetime | None
    settled_by_id: int | None
    settled_by_name: str | None
    settled_by_avatar: str | None
    outcome: Outcome | None

    @property
    def is_discreet(self) -> bool:
        """Whether some of the owners and moderators must not hear of it."""
        return self.is_for_owners or self.channel.is_private

    def view(self) -> ReportView:
        return {
            "id": self.id,
            "group_id": self.channel.group_id,
            "channel_id": self.channel.id,
            "post_id": self.post_id,
            "parent_id": self.parent_id,
            "author": author(self.author_id, self.author_name, self.author_avatar),
            "reporter": author(self.reporter_id, self.reporter_name, self.reporter_avatar),
            "reason": self.reason,
            "text": self.text,
            "file_names": self.file_names,
            "created_at": self.created_at,
            "settled_at": self.settled_at,
            "settled_by": author(self.settled_by_id, self.settled_by_name, self.settled_by_avatar),
            "outcome": self.outcome,
        }


Members = type[Memberships]
_others, _colleagues = aliased(Memberships), aliased(Memberships)


def _there_is(table: Any, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a row of a table is such; all else in `where` is that of the statement around it."""
    return select(literal(1)).where(*where).correlate_except(table).exists()


def _other(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    return _there_is(_others, _others.group_id == Reports.group_id, *where)


_IS_FOR_OWNERS = or_(
    Reports.of_moderator,
    _other(_others.user_id == Reports.author_id, _others.role != Role.MEMBER),
)
"""Also when the author has become a moderator since, or is none any more."""


def _is_responsible(who: Members) -> ColumnElement[bool]:
    """Whether a member's role is high enough, and she is not the one whom it is about."""
    owns = who.role == Role.OWNER
    another_owns = _other(_others.role == Role.OWNER, _others.user_id != who.user_id)
    return and_(
        who.group_id == Reports.group_id,
        or_(owns, and_(who.role == Role.MODERATOR, ~_IS_FOR_OWNERS)),
        or_(who.user_id != func.coalesce(Reports.author_id, 0), and_(owns, ~another_owns)),
    )


def _is_in_channel(who: Members) -> ColumnElement[bool]:
    is_here = ChannelMembers.channel_id == Reports.channel_id
    return _there_is(ChannelMembers, is_here, ChannelMembers.user_id == who.user_id)


_nobody_in_channel = ~_there_is(
    _colleagues, _is_responsible(_colleagues), _is_in_channel(_colleagues)
)
_MAY_SEE = and_(
    _is_responsible(Memberships),
    or_(
        Channels.kind != Kind.PRIVATE,
        _is_in_channel(Memberships),
        and_(Memberships.role == Role.OWNER, _nobody_in_channel),
    ),
)
"""The one rule of who sees a report: of the member in `Memberships`."""

_authors, _reporters, _settlers = aliased(Users), aliased(Users), aliased(Users)
_THEIR_NAMES: list[Label[Any]] = [
    column.label(f"{noun}_{column.key}")
    for noun, who in (("author", _authors), ("reporter", _reporters), ("settled_by", _settlers))
    for column in (who.name, who.avatar)
]
_OF_READER = (
    CHANNELS_OF_READER.with_only_columns(
        *columns_of(Reports, Report),
        *CHANNEL_COLUMNS,
        *_THEIR_NAMES,
        Posts.parent_id,
        _IS_FOR_OWNERS.label("is_for_owners"),
    )
    .join(Reports, Reports.channel_id == Channels.id)
    .outerjoin(Posts, Posts.id == Reports.post_id)
    .outerjoin(_authors, _authors.id == Reports.author_id)
    .outerjoin(_reporters, _reporters.id == Reports.reporter_id)
    .outerjoin(_settlers, _settlers.id == Reports.settled_by_id)
    .where(_MAY_SEE)
)
_of_group = Reports.group_id == bindparam("group_id")
_is_settled = Reports.settled_at.is_not(None)
_wanted = _OF_READER.where(_of_group, _is_settled == bindparam("settled", type_=Boolean))
_LIST = pages(_wanted, Reports.id, newest_first=True)
_COUNT_OPEN = (
    CHANNELS_OF_READER.with_only_columns(func.count())
    .join(Reports, Reports.channel_id == Channels.id)
    .where(_of_group, ~_is_settled, _MAY_SEE)
)
FIND_REPORT = finder(
    _OF_READER.where(Reports.id == bindparam("report_id")), locks=[Channels, Reports, Memberships]
)
_RESPONSIBLE = (
    select(Memberships.user_id)
    .join_from(Reports, Channels, Channels.id == Reports.channel_id)
    .join(Memberships, Memberships.group_id == Channels.group_id)
    .where(Reports.id == bindparam("report_id"), _MAY_SEE)
    .order_by(Memberships.user_id)
)
_author_moderates = _there_is(
    _others,
    _others.group_id == bindparam("of_group"),
    _others.user_id == bindparam("of_author"),
    _others.role != Role.MEMBER,
)
_INSERT = (
    insert_or_ignore(Reports)
    .values(of_moderator=_author_moderates)
    .on_conflict_do_nothing()
    .returning(Reports.id, Reports.of_moderator)
)


async def list_reports(
    db: Transaction, group: Group, page: Page, *, settled: bool, reader: Caller
) -> tuple[list[ReportView], int | None]:
    """The reports of a group for which the reader is responsible, newest first.

    Raises Forbidden when she is no moderator.
    """
    require_moderates(group.role)
    values = {"group_id": group.id, "user_id": reader.id, "settled": settled, **page.values}
    rows, following = page.cut(await db.all(_LIST.of(page), **values))
    return [report.view() for report in load_all(Report, rows)], following


async def count_open_reports(db: Transaction, group: Group, *, reader: Caller) -> int:
    """How many reports wait for the reader, or somebody else who is responsible, to settle them."""
    return await db.scalar_one(_COUNT_OPEN, group_id=group.id, user_id=reader.id)


async def find_report(db: Transaction, report_id: int, *, reader: Caller) -> Report:
    """The report, if its reader is responsible. Raises NotFound."""
    row = await db.find(FIND_REPORT, report_id=report_id, user_id=reader.id)
    if row is None:
        raise NotFound("report")
    return load(Report, row)


async def report_post(db: Transaction, post: Post, reason: str, *, by: Caller) -> ReportReceipt:
    """Report a post, of which those who are responsible get a copy.

    Raises Forbidden for the caller's own post, and Conflict when she has reported it already.
    """
    if post.author_id == by.id:
        raise Forbidden("own_post", "It is your own post: you can edit or delete it.")
    files = (await list_files(db, [post.id])).get(post.id, [])
    created_at = now()
    row = await db.first(
        _INSERT,
        group_id=post.channel.group_id,
        of_group=post.channel.group_id,
        channel_id=post.channel_id,
        post_id=post.id,
        author_id=post.author_id,
        of_author=post.author_id or 0,
        reporter_id=by.id,
        reason=reason,
        text=post.text,
        file_names=[file["name"] for file in files],
        created_at=created_at,
    )
    if row is None:
        raise Conflict("already_reported", "You have reported this post already.")
    people = await list_responsible(db, row.id)
    is_discreet = row.of_moderator or post.channel.is_private
    told = [f"user:{user_id}" for user_id in people]
    for topic in told if is_discreet else [moderation_topic(post.channel.group_id)]:
        ids = {"id": row.id, "group_id": post.channel.group_id}
        record(db, topic, "report.made", ids, by=None)  # who it was, the report itself tells
    return {
        "id": row.id,
        "post_id": post.id,
        "reason": reason,
        "created_at": created_at,
        "disclosed_to": people,
    }


async def list_responsible(db: Transaction, report_id: int) -> list[int]:
    """The ids of those who may see a report."""
    return [row.user_id for row in await db.all(_RESPONSIBLE, report_id=report_id)]
