"""Groups, and what belonging to one means: a role in it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.database.page import Page, pages
from model.database.table import Base, now, one_of
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden, NotFound
from model.log.event import record
from model.user import Caller, PersonView, User, person


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


class GroupView(TypedDict):
    id: int
    name: str
    description: str
    created_at: datetime


class GroupEntry(GroupView):
    """A group in the list of somebody who has this role in it."""

    role: Role


class MemberView(PersonView):
    role: Role
    joined_at: datetime


@dataclass(frozen=True)
class Group:
    """A group as one of its members finds it: with the role that she has there."""

    id: int
    name: str
    description: str
    created_at: datetime
    role: Role

    @property
    def topic(self) -> str:
        return f"group:{self.id}"

    def view(self) -> GroupView:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "created_at": self.created_at,
        }

    def entry(self) -> GroupEntry:
        return {**self.view(), "role": self.role}


@dataclass(frozen=True)
class Member:
    id: int
    name: str
    avatar: str | None
    role: Role
    joined_at: datetime

    def view(self) -> MemberView:
        return {
            **person(self.id, self.name, self.avatar),
            "role": self.role,
            "joined_at": self.joined_at,
        }


MINE = (
    select(Groups.id, Groups.name, Groups.description, Groups.created_at, Memberships.role)
    .join_from(Groups, Memberships, Memberships.group_id == Groups.id)
    .where(Memberships.user_id == bindparam("user_id"))
)
FIND = finder(MINE.where(Groups.id == bindparam("group_id")), locks=[Groups, Memberships])
"""With the reader's membership: a role taken while a write waits is seen when it goes on."""

LIST = pages(MINE, Groups.id)
INSERT = insert(Groups).returning(Groups.id)
EDIT = update(Groups).where(Groups.id == bindparam("of_group"))
ADD_MEMBER = insert_or_ignore(Memberships).on_conflict_do_nothing().returning(Memberships.user_id)


async def find_group(db: Transaction, group_id: int, *, reader: Caller) -> Group:
    row = await db.find(FIND, group_id=group_id, user_id=reader.id)
    if row is None:
        raise NotFound("group")
    return Group(*row)


async def list_groups(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[GroupEntry], int | None]:
    rows, following = page.cut(await db.all(LIST.of(page), user_id=reader.id, **page.values))
    return [Group(*row).entry() for row in rows], following


async def create_group(db: Transaction, name: str, description: str, *, by: Caller) -> Group:
    created_at = now()
    group_id = await db.scalar(INSERT, name=name, description=description, created_at=created_at)
    group = Group(group_id, name, description, created_at, Role.OWNER)
    await add_member(db, group, by)
    return group


async def edit_group(
    db: Transaction, group: Group, changes: dict[str, Any], *, by: Caller
) -> Group:
    """`changes` are new values of `name` and `description`."""
    require_owner(group)
    changed = replace(group, **changes)
    if changed != group:
        await db.run(EDIT, of_group=group.id, **changes)
        record(db, group.topic, "group.edited", changed.view(), by=by.id)
    return changed


async def add_member(db: Transaction, group: Group, user: Caller | User) -> None:
    member = Member(user.id, user.name, user.avatar, group.role, now())
    values = {"group_id": group.id, "user_id": user.id, "role": member.role}
    if not await db.scalar(ADD_MEMBER, **values, joined_at=member.joined_at):
        raise Conflict("already_member", "You are a member of this group already.")
    record(db, group.topic, "member.joined", member.view(), by=user.id, about=f"user:{user.id}")
    record(db, f"user:{user.id}", "membership.added", group.entry(), by=user.id)


def require_owner(group: Group) -> None:
    if not group.role.owns:
        raise Forbidden("not_an_owner", "Only owners of the group may do this.")
