"""What happens to an account beyond its own row: registering, renaming, disabling, leaving.

The last administrator and the last owner of a group cannot go: whoever counts them locks the rows
that it counts.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from model.channel import Channels
from model.database.page import Page, pages
from model.database.unit_of_work import Transaction
from model.documents.document import Documents
from model.documents.document_space import own_keys
from model.errors import Conflict, Forbidden, NotFound
from model.group import Groups, Member, Memberships, Role
from model.log.event import ADMIN, Epochs, Events, Rights, judge_again, record
from model.membership import join_group
from model.session import revoke_other_sessions
from model.storage.blob import note_use
from model.user import (
    COLUMNS,
    EDIT,
    Caller,
    OwnUserView,
    ServerRole,
    User,
    Users,
    UserView,
    anybody_there,
    create_user,
    find_account,
)


class Registration(StrEnum):
    OPEN = "open"
    JOIN_CODE = "join-code"
    CLOSED = "closed"


Theirs, Mine = aliased(Memberships), aliased(Memberships)
SHARES_A_GROUP = exists().where(
    Theirs.user_id == Users.id,
    Mine.group_id == Theirs.group_id,
    Mine.user_id == bindparam("reader_id"),
)
VISIBLE = or_(bindparam("all"), Users.id == bindparam("reader_id"), SHARES_A_GROUP)
FIND_VISIBLE = select(*COLUMNS).where(Users.id == bindparam("user_id"), VISIBLE)
LIST = pages(
    select(*COLUMNS).where(
        VISIBLE,
        or_(
            Users.username_key.like(bindparam("search") + "%", escape="\\"),
            func.lower(Users.name).like("%" + bindparam("search") + "%", escape="\\"),
        ),
    ),
    Users.id,
)
LOCK_EVERYTHING = select(Epochs.id).with_for_update()
"""The one row that is always there: whoever makes the first account is alone."""

LOCK_ADMINS = (
    select(Users.id)
    .where(Users.role == ServerRole.ADMIN, Users.active == true())
    .order_by(Users.id)
    .with_for_update(key_share=True)
)
MY_GROUPS = (
    select(Groups.id, Groups.name, Memberships.role, Memberships.joined_at)
    .join_from(Groups, Memberships, Memberships.group_id == Groups.id)
    .where(Memberships.user_id == bindparam("user_id"))
    .order_by(Groups.id)
    .with_for_update(of=[Groups, Memberships], key_share=True)
)
ONLY_OWNER_OF = (
    select(Memberships.group_id)
    .where(Memberships.role == Role.OWNER)
    .group_by(Memberships.group_id)
    .having(func.count() == 1, func.max(Memberships.user_id) == bindparam("user_id"))
    .order_by(Memberships.group_id)
)
MY_CHANNELS = (
    select(Channels.id)
    .join_from(Channels, Memberships, Memberships.group_id == Channels.group_id)
    .where(Memberships.user_id == bindparam("user_id"))
)
ABOUT = or_(Events.about == bindparam("about"), Events.by == bindparam("user_id"))
SHOWN_IN = select(Events.topic).where(ABOUT).distinct()
"""Topics whose events show a person or what that person did: of groups long left, too."""

DELETE_DOCUMENTS = (
    delete(Documents)
    .where(
        Documents.saved_by == bindparam("user_id"),  # nobody else saves there
        Documents.channel_id.is_not(None),
        func.substr(Documents.key, 1, func.length(bindparam("prefix"))) == bindparam("prefix"),
    )
    .returning(Documents.topic)
)
DELETE = delete(Users).where(Users.id == bindparam("of_user"))


async def register(
    db: Transaction,
    username: str,
    name: str,
    password_hash: str,
    *,
    email: str | None,
    policy: Registration,
    join_code: str | None,
    is_first: bool,
) -> User:
    """A new account. `is_first`: the token of the printed link was right."""
    if is_first:
        await db.first(LOCK_EVERYTHING)
        if await anybody_there(db):
            raise Forbidden("first_account_exists", "The link is for the first account only.")
        return await create_user(
            db, username, name, password_hash, email=email, role=ServerRole.ADMIN
        )
    if policy == Registration.CLOSED:
        raise Forbidden("registration_closed", "Ask an administrator for an account.")
    if policy == Registration.JOIN_CODE and join_code is None:
        raise Forbidden("join_code_needed", "Registration needs a group's join code.")
    user = await create_user(db, username, name, password_hash, email=email)
    if join_code is not None:
        await join_group(db, join_code, by=user)
    return user


async def find_user(db: Transaction, user_id: int, *, reader: Caller) -> User:
    """Oneself, whoever shares a group with the reader, and anybody for an administrator."""
    values = {"user_id": user_id, "reader_id": reader.id, "all": reader.is_admin}
    row = await db.first(FIND_VISIBLE, **values)
    if row is None:
        raise NotFound("person")
    return User(*row)


async def list_users(
    db: Transaction, search: str, page: Page, *, reader: Caller
) -> tuple[list[UserView | OwnUserView], int | None]:
    """Those whose username begins with the words or whose name contains them."""
    literally = re.sub(r"([\\%_])", r"\\\1", search.lower())
    values = {"search": literally, "reader_id": reader.id, "all": reader.is_admin}
    rows, following = page.cut(await db.all(LIST.of(page), **values, **page.values))
    return [User(*row).view_for(reader) for row in rows], following


async def edit_profile(db: Transaction, user: User, changes: dict[str, Any]) -> User:
    """`changes` are new values of `name`, `avatar` and `email`.

    Everybody who shares a group is told.
    """
    changed = replace(user, **changes)
    if changed == user:
        return user
    await db.run(EDIT, of_user=user.id, **changes)
    if (changed.name, changed.avatar) != (user.name, user.avatar):
        judge_again(db, Rights(users=[user.id]))  # live connections show both
        about = f"user:{user.id}"
        for group_id, _, role, joined_at in await db.all(MY_GROUPS, user_id=user.id):
            member = Member(user.id, changed.name, changed.avatar, role, joined_at).view()
            record(db, f"group:{group_id}", "member.changed", member, by=user.id, about=about)
    return changed


async def change_account(
    db: Transaction, user_id: int, changes: dict[str, Any], *, by: Caller
) -> User:
    """`changes` are new values of `role` and `active`; whoever is disabled is signed out."""
    admins = await lock_admins(db, by=by)
    user = await find_account(db, user_id)
    changed = replace(user, **changes)
    if changed == user:
        return user
    if not changed.administers:
        require_another_admin(admins, user)
    await db.run(EDIT, of_user=user.id, **changes)
    record(db, ADMIN, "user.changed", changed.view(), by=by.id, about=f"user:{user.id}")
    if not changed.active:
        await revoke_other_sessions(db, user.id, but=None, by=by.id)
    judge_again(db, Rights(users=[user.id], reason="role" if changed.active else "account"))
    return changed


async def remove_account(db: Transaction, user_id: int, *, by: Caller) -> None:
    """Of anybody, by an administrator."""
    await lock_admins(db, by=by)
    await delete_account(db, await find_account(db, user_id), by=by)


async def delete_account(db: Transaction, user: User, *, by: Caller) -> None:
    """The posts stay, without an author; everything else of the person goes.

    So do the documents that only she could save. The logs that show the name or such a document
    begin anew, so that both are gone from them too.
    """
    if user.administers:
        require_another_admin({row.id for row in await db.all(LOCK_ADMINS)}, user)
    groups = await db.all(MY_GROUPS, user_id=user.id)
    alone = [row.group_id for row in await db.all(ONLY_OWNER_OF, user_id=user.id)]
    if alone:
        names = ", ".join(row.name for row in groups if row.id in alone)
        raise Conflict("last_owner", f"Make somebody else an owner first, of: {names}.")
    topics = [row.id for row in groups]
    shown = await db.all(SHOWN_IN, about=f"user:{user.id}", user_id=user.id)
    channels = await db.all(MY_CHANNELS, user_id=user.id)
    logs = {f"user:{user.id}", *(f"group:{i}" for i in topics), *(row.topic for row in shown)}
    logs |= {f"channel:{row.id}" for row in channels}
    theirs = {"user_id": user.id, "prefix": own_keys(user.id)}
    logs |= {row.topic for row in await db.all(DELETE_DOCUMENTS, **theirs)}
    await revoke_other_sessions(db, user.id, but=None, by=by.id)
    await note_use(db, sha256=user.avatar)
    await db.run(DELETE, of_user=user.id)
    _tell_deleted(db, user, topics, sorted(logs - {ADMIN}), by=by)


def _tell_deleted(
    db: Transaction, user: User, group_ids: Sequence[int], logs: list[str], *, by: Caller
) -> None:
    who, about = {"id": user.id}, f"user:{user.id}"
    for group_id in group_ids:
        record(db, f"group:{group_id}", "member.anonymised", who, by=by.id)
    record(db, ADMIN, "user.deleted", who, by=by.id, about=about, scrubs=[about])
    judge_again(db, Rights(users=[user.id], reason="account"), forget=logs)


async def lock_admins(db: Transaction, *, by: Caller) -> set[int]:
    """The active administrators, who stay so until the commit; the actor is one of them."""
    admins = {row.id for row in await db.all(LOCK_ADMINS)}
    if by.id not in admins:
        raise Forbidden("not_an_admin", "Only administrators of the server may do this.")
    return admins


def require_another_admin(admins: set[int], user: User) -> None:
    if admins <= {user.id}:
        raise Conflict("last_admin", "A server needs an administrator: make another one first.")
