"""Applications: whoever has entered a code that takes approval waits to be let into the group."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ForeignKey, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Mapped, mapped_column
from typing_extensions import TypedDict

from model.act import moderation_topic, record_group_act
from model.database.page import Page, pages
from model.database.row import AnyRow, load
from model.database.table import Base, now
from model.database.unit_of_work import Transaction
from model.errors import Conflict, NotFound
from model.group import (
    Group,
    Groups,
    MemberView,
    Role,
    add_member,
    find_group,
    is_member,
    require_moderates,
    require_open,
)
from model.log.event import record
from model.user import HAS_ACCOUNT, USER_COLUMNS, Caller, NamedPersonView, User, Users, named_person


class Applications(Base):
    __tablename__ = "applications"
    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


class ApplicationView(NamedPersonView):
    """Who waits to be let into a group, for its moderators."""

    created_at: datetime


class GroupName(TypedDict):
    """What somebody learns of a group to which she does not belong yet."""

    id: int
    name: str


class OwnApplicationView(TypedDict):
    """A group that the reader waits to be let into."""

    group: GroupName
    created_at: datetime


_IN_GROUP = Applications.group_id == bindparam("group_id")
_INSERT = insert_or_ignore(Applications).on_conflict_do_nothing().returning(Applications.user_id)
_LIST = pages(
    select(*USER_COLUMNS, Applications.created_at.label("applied_at"))
    .join_from(Applications, Users, Users.id == Applications.user_id)
    .where(_IN_GROUP, HAS_ACCOUNT),
    Users.id,
)
_APPLICANT = (
    select(*USER_COLUMNS)
    .join_from(Applications, Users, Users.id == Applications.user_id)
    .where(_IN_GROUP, Users.id == bindparam("user_id"), HAS_ACCOUNT)
    .with_for_update(of=Users, key_share=True)
)
_LIST_OWN = pages(
    select(Groups.id, Groups.name, Applications.created_at)
    .join_from(Applications, Groups, Groups.id == Applications.group_id)
    .where(Applications.user_id == bindparam("user_id")),
    Groups.id,
)
_CLOSE = delete(Applications).where(
    Applications.group_id == bindparam("of_group"), Applications.user_id == bindparam("of_user")
)
_CLOSE_ALL = (
    delete(Applications)
    .where(Applications.group_id == bindparam("of_group"))
    .returning(Applications.user_id)
)


async def apply(db: Transaction, group: Group, *, by: Caller | User) -> bool:
    """Let the caller wait for approval; False, and nothing is told, if she does so already.

    Raises Conflict for a member.
    """
    if await is_member(db, group, by.id):
        raise Conflict("already_member", "You are a member of this group already.")
    created_at = now()
    values = {"group_id": group.id, "user_id": by.id, "created_at": created_at}
    if await db.scalar(_INSERT, **values) is None:
        return False
    named = named_person(by.id, by.name, by.avatar, username=by.username)
    about, waits = f"user:{by.id}", {**named, "created_at": created_at}
    record(db, moderation_topic(group.id), "application.made", waits, by=by.id, about=about)
    own: OwnApplicationView = {"group": name_of(group), "created_at": created_at}
    record(db, f"user:{by.id}", "application.made", own, by=by.id)
    return True


async def list_applications(
    db: Transaction, group: Group, page: Page
) -> tuple[list[ApplicationView], int | None]:
    """Who waits to be let in, in the order in which they registered.

    Raises Forbidden when the reader of the group is only a member.
    """
    require_moderates(group.role)
    rows, following = page.cut(await db.all(_LIST.of(page), group_id=group.id, **page.values))
    return [_view(row) for row in rows], following


async def list_own_applications(
    db: Transaction, page: Page, *, reader: Caller
) -> tuple[list[OwnApplicationView], int | None]:
    """The groups that the reader waits to be let into, oldest first."""
    rows, following = page.cut(await db.all(_LIST_OWN.of(page), user_id=reader.id, **page.values))
    return [
        {"group": {"id": row.id, "name": row.name}, "created_at": row.created_at} for row in rows
    ], following


async def accept_application(
    db: Transaction, group_id: int, user_id: int, *, by: Caller
) -> MemberView:
    """Let somebody into a group who waits for it.

    Her account is locked before the group, so that it is not just going. Raises Forbidden when the
    caller is only a member, or the group is archived, and NotFound when she may not know of the
    group, or nobody such waits: somebody else may have been quicker.
    """
    row = await db.first(_APPLICANT, group_id=group_id, user_id=user_id)
    group = await find_group(db, group_id, reader=by)
    require_moderates(group.role)
    require_open(group)
    if row is None:
        raise NotFound("application")
    await _close(db, group.id, user_id, "application.accepted", by=by)
    joined = replace(group, role=Role.MEMBER, muted_until=None)
    member = await add_member(db, joined, load(User, row), by=by)
    return member.view()


async def refuse_application(db: Transaction, group_id: int, user_id: int, *, by: Caller) -> None:
    """Let somebody wait no longer. Raises Forbidden and NotFound as for accepting."""
    row = await db.first(_APPLICANT, group_id=group_id, user_id=user_id)
    group = await find_group(db, group_id, reader=by)
    require_moderates(group.role)
    if row is None:
        raise NotFound("application")
    await _close(db, group.id, user_id, "application.refused", by=by)


async def withdraw_application(db: Transaction, group_id: int, *, by: Caller | User) -> bool:
    """Let the caller wait no longer; whether she did."""
    if not await db.run(_CLOSE, of_group=group_id, of_user=by.id):
        return False
    withdrawn = {"id": by.id}
    record(db, moderation_topic(group_id), "application.withdrawn", withdrawn, by=by.id)
    record(db, f"user:{by.id}", "application.withdrawn", {"group_id": group_id}, by=by.id)
    return True


async def close_application(db: Transaction, group_id: int, user_id: int, *, by: Caller) -> bool:
    """Let a user wait no longer, who is told that she was refused; whether she did wait."""
    if not await db.run(_CLOSE, of_group=group_id, of_user=user_id):
        return False
    record(db, f"user:{user_id}", "application.refused", {"group_id": group_id}, by=by.id)
    return True


async def close_all_applications(db: Transaction, group_id: int, *, by: Caller) -> None:
    """Tell everybody who waits for a group that goes."""
    for row in await db.all(_CLOSE_ALL, of_group=group_id):
        record(db, f"user:{row.user_id}", "application.refused", {"group_id": group_id}, by=by.id)


def name_of(group: Group) -> GroupName:
    return {"id": group.id, "name": group.name}


async def _close(db: Transaction, group_id: int, user_id: int, kind: str, *, by: Caller) -> None:
    """Let a user wait no longer, and say so. Raises NotFound when she has just withdrawn."""
    if not await db.run(_CLOSE, of_group=group_id, of_user=user_id):
        raise NotFound("application")
    record(db, f"user:{user_id}", kind, {"group_id": group_id}, by=by.id)
    await record_group_act(db, group_id, kind, by=by, person_id=user_id)


def _view(row: AnyRow) -> ApplicationView:
    return {
        **named_person(row.id, row.name, row.avatar, username=row.username),
        "created_at": row.applied_at,
    }
