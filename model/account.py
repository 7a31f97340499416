"""Accounts beyond their own row: who sees whom, registering, profiles, pictures, disabling.

All this needs groups, so it stands above model/user.py. The last administrator cannot go: whoever
counts administrators locks their rows until the commit.
"""

import re
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any, Unpack

from sqlalchemy import bindparam, exists, func, or_, select, true
from sqlalchemy.orm import aliased
from typing_extensions import TypedDict

from model.act import record_server_act
from model.database.failure import unless_taken
from model.database.page import Page, pages
from model.database.row import columns_of, load, load_all
from model.database.unit_of_work import Transaction
from model.errors import Conflict, Forbidden, NotFound
from model.former_member import tell_name_to_groups_left
from model.group import Groups, Member, Memberships
from model.join_code import accept_invitation, find_invitation
from model.log.event import Epochs, Rights, judge_again, record
from model.session import require_recent_password, revoke_other_sessions
from model.storage.blob import Blob, Blobs, note_use
from model.text.typed import clean_name
from model.user import (
    HAS_ACCOUNT,
    SET_USER,
    USER_COLUMNS,
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
from model.username import (
    RetiredUsernames,
    require_change,
    require_not_retired,
    retire_username,
    username_key,
    username_taken,
)

_SHA256 = re.compile("[0-9a-f]{64}")  # PostgreSQL takes no text with NUL


class Registration(StrEnum):
    OPEN = "open"
    JOIN_CODE = "join-code"
    CLOSED = "closed"


class ProfileChanges(TypedDict, total=False):
    name: str
    username: str
    avatar: str | None


class AccountChanges(TypedDict, total=False):
    role: ServerRole
    active: bool
    may_enrol: bool


_theirs, _own = aliased(Memberships), aliased(Memberships)
_SHARES_A_GROUP = exists().where(
    _theirs.user_id == Users.id,
    _own.group_id == _theirs.group_id,
    _own.user_id == bindparam("reader_id"),
)
_VISIBLE = or_(bindparam("all"), Users.id == bindparam("reader_id"), _SHARES_A_GROUP)
_FIND = select(*USER_COLUMNS).where(Users.id == bindparam("user_id"), HAS_ACCOUNT, _VISIBLE)
_LIST = pages(
    select(*USER_COLUMNS).where(
        HAS_ACCOUNT,
        _VISIBLE,
        or_(
            Users.username_key.like(bindparam("username") + "%", escape="\\"),
            exists().where(
                RetiredUsernames.username_key == bindparam("retired"),
                RetiredUsernames.user_id == Users.id,
            ),
            func.lower(Users.name).like("%" + bindparam("name") + "%", escape="\\"),
        ),
    ),
    Users.id,
)
_FIND_AVATAR = select(*columns_of(Blobs, Blob)).where(
    Blobs.sha256 == bindparam("sha256"),
    Blobs.leaving.is_(False),
    exists().where(Users.avatar == Blobs.sha256),
)
_LOCK_EPOCH = select(Epochs.id).with_for_update()
"""The one row that is always there: whoever makes the first account is alone."""

_LOCK_ADMINS = (
    select(Users.id)
    .where(Users.role == ServerRole.ADMIN, Users.active == true())
    .order_by(Users.id)
    .with_for_update(key_share=True)
)
GROUPS_OF_USER = (
    select(Groups.id, Groups.name, Memberships.role, Memberships.joined_at)
    .join_from(Groups, Memberships, Memberships.group_id == Groups.id)
    .where(Memberships.user_id == bindparam("user_id"))
    .order_by(Groups.id)
    .with_for_update(of=[Groups, Memberships], key_share=True)
)


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
    """A new account. `is_first` says that the token of the printed link was right.

    The first one administers the server, and may enrol others in the groups that she makes.

    Raises Forbidden when the policy does not allow it or the first account exists, Invalid for a
    wrong join code, and only for whoever passes these, Conflict when the username is taken.
    """
    if is_first:
        await db.first(_LOCK_EPOCH)
        if await anybody_there(db):
            raise Forbidden("first_account_exists", "The link is for the first account only.")
        return await create_user(
            db, username, name, password_hash, email=email, role=ServerRole.ADMIN, may_enrol=True
        )
    if policy == Registration.CLOSED:
        raise Forbidden("registration_closed", "Ask an administrator for an account.")
    if policy == Registration.JOIN_CODE and join_code is None:
        raise Forbidden("join_code_needed", "Registration needs a group's join code.")
    invitation = await find_invitation(db, join_code) if join_code is not None else None
    user = await create_user(db, username, name, password_hash, email=email)
    if invitation is not None:
        await accept_invitation(db, invitation, by=user)
    return user


async def find_user(db: Transaction, user_id: int, *, reader: Caller) -> User:
    """The reader herself, whoever shares a group with her, or anybody for an administrator.

    Raises NotFound for the others.
    """
    values = {"user_id": user_id, "reader_id": reader.id, "all": reader.is_admin}
    row = await db.first(_FIND, **values)
    if row is None:
        raise NotFound("person")
    return load(User, row)


async def list_users(
    db: Transaction, search: str, page: Page, *, reader: Caller
) -> tuple[list[UserView | OwnUserView], int | None]:
    """The users that `find_user` finds, in the order in which they registered.

    They are those whose username begins with `search` or whose name contains it, and whoever was
    so called within a year; case does not matter.
    """
    values = {
        "username": literally(username_key(search)),
        "retired": username_key(search),
        "name": literally(clean_name(search).lower()),
        "reader_id": reader.id,
        "all": reader.is_admin,
    }
    rows, following = page.cut(await db.all(_LIST.of(page), **values, **page.values))
    return [user.view_for(reader) for user in load_all(User, rows)], following


def literally(text: str) -> str:
    """The text for LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


async def edit_profile(db: Transaction, user: User, **changes: Unpack[ProfileChanges]) -> User:
    """The user with new values. Her groups are told of another name, username or picture.

    Whoever sees something of hers in a group that she has left is told of a name or a picture.
    Raises Conflict when she cannot have the username.
    """
    changed = replace(user, **changes)
    if changed == user:
        return user
    if changed.username != user.username:
        await _change_username(db, user, changed.username)
    await db.run(SET_USER, of_user=user.id, name=changed.name, avatar=changed.avatar)
    judge_again(db, Rights(users=[user.id]))  # live connections show all of it
    for row in await db.all(GROUPS_OF_USER, user_id=user.id):
        name, avatar, username = changed.name, changed.avatar, changed.username
        member = Member(user.id, name, avatar, username, row.role, row.joined_at)
        view, topic = member.view(), f"group:{row.id}"
        record(db, topic, "member.changed", view, by=user.id, about=user.about)
    if (changed.name, changed.avatar) != (user.name, user.avatar):
        await tell_name_to_groups_left(db, changed)
    return changed


async def _change_username(db: Transaction, user: User, username: str) -> None:
    """Give a user another username; the one before stays hers for a year.

    Raises Conflict when somebody else has it, or had it within a year, and when she has changed
    hers twice within a year. To write it in other letters is no change.
    """
    if username_key(username) != username_key(user.username):
        await require_change(db, user.id)
        await retire_username(db, user.username, user_id=user.id)
    with unless_taken(username_taken()):
        await db.run(
            SET_USER, of_user=user.id, username=username, username_key=username_key(username)
        )
    await require_not_retired(db, username, by_id=user.id)


async def change_email(db: Transaction, user: User, email: str | None, *, by: Caller) -> User:
    """The user with another address, of which nobody knows yet that it is hers.

    Raises Forbidden when she has to give her password again.
    """
    if email == user.email:
        return user
    require_recent_password(by)
    changed = {"email": email, "email_confirmed": False}
    await db.run(SET_USER, of_user=user.id, **changed)
    return replace(user, email=email, email_confirmed=False)


async def find_avatar(db: Transaction, sha256: str) -> Blob:
    """The picture of a person, for whoever knows its digest: that is who sees the person.

    Raises NotFound.
    """
    row = await db.first(_FIND_AVATAR, sha256=sha256) if _SHA256.fullmatch(sha256) else None
    if row is None:
        raise NotFound("picture")
    return load(Blob, row)


async def set_avatar(db: Transaction, user: User, sha256: str | None) -> User:
    """The user with another picture, whose blob is kept already, or with none."""
    await note_use(db, sha256=user.avatar)
    return await edit_profile(db, user, avatar=sha256)


async def change_account(
    db: Transaction, user_id: int, *, by: Caller, **changes: Unpack[AccountChanges]
) -> User:
    """The user with new values. Whoever is disabled is signed out.

    Raises Forbidden when the caller is no administrator or has to give her password again, NotFound
    when there is no such account, and Conflict when no active administrator would be left.
    """
    admins = await require_admin(db, by=by)
    user = await find_account(db, user_id)
    changed = replace(user, **changes)
    if changed == user:
        return user
    if not changed.administers:
        require_another_admin(admins, user)
    require_recent_password(by)
    await db.run(SET_USER, of_user=user.id, **changes)
    before, after = asdict(user), asdict(changed)
    told = sorted(name for name in changes if before[name] != after[name])
    details: dict[str, Any] = {
        way: {name: account[name] for name in told}
        for way, account in (("from", before), ("to", after))
    }
    await record_server_act(db, "account.changed", by=by, person_id=user.id, **details)
    if not changed.active:
        await revoke_other_sessions(db, user.id, but=None, by=by.id)
    judge_again(db, Rights(users=[user.id], reason="role" if changed.active else "account"))
    return changed


async def end_sessions(db: Transaction, user: User, *, by: Caller) -> None:
    """Sign somebody out everywhere; the audit tells that it was done to her.

    Raises Forbidden when the caller is no administrator. Her own session stays.
    """
    await require_admin(db, by=by)
    own = by.session_id if user.id == by.id else None
    await revoke_other_sessions(db, user.id, but=own, by=by.id)
    await record_server_act(db, "sessions.ended", by=by, person_id=user.id)


async def lock_admins(db: Transaction) -> set[int]:
    """Lock the rows of the active administrators until the commit, and return their ids."""
    return {row.id for row in await db.all(_LOCK_ADMINS)}


async def require_admin(db: Transaction, *, by: Caller) -> set[int]:
    """Do what `lock_admins` does. Raises Forbidden when the caller is not one of them."""
    admins = await lock_admins(db)
    if by.id not in admins:
        raise not_an_admin()
    return admins


def require_administers(reader: Caller) -> None:
    """Raises Forbidden when the reader is no administrator."""
    if not reader.is_admin:
        raise not_an_admin()


def not_an_admin() -> Forbidden:
    return Forbidden("not_an_admin", "Only administrators of the server may do this.")


def require_another_admin(admins: set[int], user: User) -> None:
    """Raises Conflict when the user is the only one of the administrators."""
    if admins <= {user.id}:
        raise Conflict("last_admin", "A server needs an administrator: make another one first.")
