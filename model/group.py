"""Groups and their members. Whoever belongs to a group has a role in it.

Whoever changes the members of a group has locked its row, so that nobody else counts its owners at
the same time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, Unpack

from sqlalchemy import ForeignKey, bindparam, delete, false, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import record_group_act
from model.database.page import Page, pages
from model.database.row import columns_of, load, load_all
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, NotFound
from model.log.event import Rights, judge_again, record
from model.user import Caller, NamedPersonView, User, Users, named_person

MUTE_LASTS_AT_MOST = timedelta(days=365)


class Role(StrEnum):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"

    @property
    def moderates(self) -> bool:
        return self != Role.MEMBER

    @property
    def owns(self) -> bool:
        return self == Role.OWNER

    def outranks(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


class Groups(Base):
    __tablename__ = "groups"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[datetime]
    archived: Mapped[bool] = mapped_column(server_default=false())
    __table_args__ = {"sqlite_autoincrement": True}


class Memberships(Base):
    __tablename__ = "memberships"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    joined_at: Mapped[datetime]
    muted_until: Mapped[datetime | None]


class KeptMutes(Base):
    """The mutes of those who have left meanwhile: they hold again when somebody comes back."""

    __tablename__ = "kept_mutes"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    until: Mapped[datetime]


class GroupView(TypedDict):
    id: int
    name: str
    description: str
    created_at: datetime
    archived: bool


class GroupChanges(TypedDict, total=False):
    name: str
    description: str


class GroupEntry(GroupView):
    """A group as one of its members has it, with her role and until when she is muted."""

    role: Role
    muted_until: datetime | None


class MemberView(NamedPersonView):
    role: Role
    joined_at: datetime


class Archivable(Protocol):
    """A group, or a channel of it."""

    @property
    def archived(self) -> bool: ...


@dataclass(frozen=True)
class Group:
    """A group as one of its members finds it, with that member's role."""

    id: int
    name: str
    description: str
    created_at: datetime
    archived: bool
    role: Role
    muted_until: datetime | None = None

    @property
    def topic(self) -> str:
        return f"group:{self.id}"

    def view(self) -> GroupView:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "created_at": self.created_at,
            "archived": self.archived,
        }

    def entry(self) -> GroupEntry:
        return {**self.view(), "role": self.role, "muted_until": still(self.muted_until)}


@dataclass(frozen=True)
class Member:
    id: int
    name: str
    avatar: str | None
    username: str
    role: Role
    joined_at: datetime
    muted_until: datetime | None = None

    @property
    def topic(self) -> str:
        return f"user:{self.id}"

    @property
    def about(self) -> str:
        return f"user:{self.id}"

    def view(self) -> MemberView:
        return {
            **named_person(self.id, self.name, self.avatar, username=self.username),
            "role": self.role,
            "joined_at": self.joined_at,
        }


GROUPS_OF_READER = (
    select(*columns_of(Groups, Group), Memberships.role, Memberships.muted_until)
    .join_from(Groups, Memberships, Memberships.group_id == Groups.id)
    .where(Memberships.user_id == bindparam("user_id"))
)
_FIND = finder(
    GROUPS_OF_READER.where(Groups.id == bindparam("group_id")), locks=[Groups, Memberships]
)
"""With the reader's membership: a role taken while a write waits is seen when it goes on."""

_INSERT = insert(Groups).returning(Groups.id)
EDIT_GROUP = update(Groups).where(Groups.id == bindparam("of_group"))
_MEMBERS = (
    select(Users.id, Users.name, Users.avatar, Users.username, *columns_of(Memberships, Member))
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .where(Memberships.group_id == bindparam("group_id"))
)
_FIND_MEMBER = finder(_MEMBERS.where(Users.id == bindparam("user_id")), locks=[Memberships])
_LIST_MEMBERS = pages(_MEMBERS, Users.id)
_ADD_MEMBER = insert_or_ignore(Memberships).on_conflict_do_nothing().returning(Memberships.user_id)
_TAKE_KEPT_MUTE = (
    delete(KeptMutes)
    .where(KeptMutes.group_id == bindparam("of_group"), KeptMutes.user_id == bindparam("of_user"))
    .returning(KeptMutes.until)
)
_ONE_MEMBER = (
    Memberships.group_id == bindparam("of_group"),
    Memberships.user_id == bindparam("of_user"),
)
EDIT_MEMBER = update(Memberships).where(*_ONE_MEMBER)
REMOVE_MEMBER = delete(Memberships).where(*_ONE_MEMBER)
_COUNT_OWNERS = select(func.count()).where(
    Memberships.group_id == bindparam("group_id"), Memberships.role == Role.OWNER
)


async def find_group(db: Transaction, group_id: int, *, reader: Caller) -> Group:
    """The group, if the reader belongs to it. Raises NotFound."""
    row = await db.find(_FIND, group_id=group_id, user_id=reader.id)
    if row is None:
        raise NotFound("group")
    return load(Group, row)


async def create_group(db: Transaction, name: str, description: str, *, by: Caller) -> Group:
    """A new group, whose owner is the caller."""
    created_at = now()
    group_id = await db.scalar_one(
        _INSERT, name=name, description=description, created_at=created_at
    )
    group = Group(group_id, name, description, created_at, archived=False, role=Role.OWNER)
    await add_member(db, group, by)
    return group


async def edit_group(
    db: Transaction, group: Group, *, by: Caller, **changes: Unpack[GroupChanges]
) -> Group:
    """The group with new values. Raises Forbidden when she is no owner, or it is archived."""
    require_owner(group)
    changed = replace(group, **changes)
    if changed != group:
        require_open(group)
        await db.run(EDIT_GROUP, of_group=group.id, **changes)
        record(db, group.topic, "group.edited", changed.view(), by=by.id)
        await record_group_act(db, group.id, "group.edited", by=by, fields=sorted(changes))
    return changed


async def find_member(db: Transaction, group: Group, user_id: int) -> Member:
    """The member of a group. Raises NotFound."""
    row = await db.find(_FIND_MEMBER, group_id=group.id, user_id=user_id)
    if row is None:
        raise NotFound("member")
    return load(Member, row)


async def is_member(db: Transaction, group: Group, user_id: int) -> bool:
    """Whether a user belongs to the group."""
    return await db.first(_FIND_MEMBER.reading, group_id=group.id, user_id=user_id) is not None


async def list_members(
    db: Transaction, group: Group, page: Page
) -> tuple[list[MemberView], int | None]:
    """The members of a group, in the order in which they registered."""
    values = {"group_id": group.id, **page.values}
    rows, following = page.cut(await db.all(_LIST_MEMBERS.of(page), **values))
    return [member.view() for member in load_all(Member, rows)], following


async def add_member(
    db: Transaction, group: Group, user: Caller | User, *, by: Caller | None = None
) -> Member:
    """Let a user into a group, with the role that `group` carries; muted, if she left so.

    Raises Conflict for somebody who belongs to it.
    """
    muted_until = await db.scalar(_TAKE_KEPT_MUTE, of_group=group.id, of_user=user.id)
    mute = None if group.role.owns else still(muted_until)
    member = Member(user.id, user.name, user.avatar, user.username, group.role, now(), mute)
    values = {"role": member.role, "joined_at": member.joined_at, "muted_until": member.muted_until}
    if not await db.scalar(_ADD_MEMBER, group_id=group.id, user_id=user.id, **values):
        raise Conflict("already_member", "You are a member of this group already.")
    by_id, hers = by.id if by else user.id, replace(group, muted_until=member.muted_until)
    record(db, group.topic, "member.joined", member.view(), by=by_id, about=member.about)
    record(db, member.topic, "membership.added", hers.entry(), by=by_id)
    return member


async def set_role(
    db: Transaction, group: Group, member: Member, role: Role, *, by: Caller
) -> Member:
    """The member with another role; an owner, whom nobody outranks, is not muted any more.

    Raises Forbidden when the caller is no owner, Conflict when the last owner would be none.
    """
    require_owner(group)
    if member.role.owns and not role.owns:
        await require_another_owner(db, group)
    changed = replace(member, role=role, muted_until=None if role.owns else member.muted_until)
    values = {"role": role, "muted_until": changed.muted_until}
    await db.run(EDIT_MEMBER, of_group=group.id, of_user=member.id, **values)
    record(db, group.topic, "member.changed", changed.view(), by=by.id, about=member.about)
    if changed != member:
        await record_group_act(
            db,
            group.id,
            "role.changed",
            by=by,
            person_id=member.id,
            role=role,
            before=member.role,
        )
    if changed.muted_until != member.muted_until:
        ended = {"group_id": group.id, "until": None}
        record(db, member.topic, "membership.muted", ended, by=by.id)
    if changed.muted_until != member.muted_until or (member.role.moderates and not role.moderates):
        judge_again(db, Rights(users=[member.id], reason="role"))
    return changed


def still(until: datetime | None) -> datetime | None:
    """Until when somebody is muted; None when that time has passed."""
    return until if until is not None and until > now() else None


def require_outranks(group: Group, member: Member) -> None:
    """Raises Forbidden unless the reader of the group has a higher role than the member."""
    if not group.role.outranks(member.role):
        raise Forbidden("not_outranked", "Only who has a higher role may do this to a member.")


def require_open(place: Archivable) -> None:
    """Raises Forbidden when the group is archived: what is there can be read and left."""
    if place.archived:
        raise Forbidden("archived", "The group is archived: it can be read, not changed.")


def require_moderates(role: Role) -> None:
    """Raises Forbidden when this is the role of somebody who is only a member."""
    if not role.moderates:
        raise Forbidden("not_a_moderator", "Only moderators and owners of the group may do this.")


def require_owner(group: Group) -> None:
    """Raises Forbidden when the reader of the group is no owner."""
    if not group.role.owns:
        raise Forbidden("not_an_owner", "Only owners of the group may do this.")


async def require_another_owner(db: Transaction, group: Group) -> None:
    """Raises Conflict when the group has one owner only."""
    if await db.scalar_one(_COUNT_OWNERS, group_id=group.id) < 2:  # noqa: PLR2004 - and another
        raise Conflict("last_owner", "A group needs an owner: make somebody else one first.")
