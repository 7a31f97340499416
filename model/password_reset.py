"""Setting a new password by a link: who may make one for whom, and what its use ends.

An administrator makes it for anybody, and an owner for an account that the roster of her group has
made and that has nothing beyond this group and her. This is judged when the link is made, and once
more when it is used. Nobody ever sees or sets another person's password.

It needs groups and channels, so it stands above model/account_link.py.
"""

from datetime import timedelta

from sqlalchemy import Row, and_, bindparam, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from model.account import require_admin
from model.account_link import (
    AccountLink,
    MadeLink,
    Purpose,
    make_link,
    no_such_link,
    set_password,
    take_link,
)
from model.act import record_group_act, record_server_act
from model.channel import ChannelMembers, Channels, Kind
from model.database.row import load
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict, Forbidden
from model.group import Memberships, Role
from model.log.event import record
from model.session import lock_sessions_of, require_recent_password, revoke_other_sessions
from model.user import (
    HAS_ACCOUNT,
    USER_COLUMNS,
    Caller,
    Enrolments,
    ServerRole,
    User,
    Users,
    find_account,
)

_RESET_LINK_LASTS = timedelta(hours=24)
_MAILED_LINK_LASTS = timedelta(hours=1)
MOST_ACCOUNTS_OF_AN_ADDRESS = 10

_ACCOUNT = finder(
    select(*USER_COLUMNS, Users.password_hash, Users.email_confirmed.label("has_confirmed")).where(
        Users.id == bindparam("user_id"), Users.active == true(), HAS_ACCOUNT
    ),
    locks=[Users],
)
_AT_ADDRESS = (
    select(Users.id)
    .where(
        or_(
            func.lower(Users.email) == bindparam("in_lower_case"),
            func.lower(Users.email) == bindparam("in_lower_ascii"),  # as SQLite does it
        ),
        Users.email_confirmed == true(),
        Users.active == true(),
        HAS_ACCOUNT,
    )
    .order_by(Users.id)
    .limit(MOST_ACCOUNTS_OF_AN_ADDRESS)
)
_ADMINISTERS = select(
    exists().where(
        Users.id == bindparam("user_id"), Users.role == ServerRole.ADMIN, Users.active == true()
    )
)

_elsewhere, _own, _owner = aliased(Memberships), aliased(ChannelMembers), aliased(Users)
_ENROLLED_ONLY = (
    select(Memberships.group_id)
    .join_from(Memberships, Users, Users.id == Memberships.user_id)
    .join(
        Enrolments,
        and_(
            Enrolments.user_id == Memberships.user_id, Enrolments.group_id == Memberships.group_id
        ),
    )
    .where(
        Memberships.user_id == bindparam("user_id"),
        Users.role == ServerRole.MEMBER,
        Users.email_confirmed.is_(False),
        ~exists().where(
            _elsewhere.user_id == Memberships.user_id, _elsewhere.group_id != Memberships.group_id
        ),
    )
)
"""The group whose roster has made an account that has nothing beyond it."""

_as_owner = aliased(Memberships)
_OWNS_GROUP_OF = _ENROLLED_ONLY.join(
    _as_owner,
    and_(_as_owner.group_id == Memberships.group_id, _as_owner.user_id == bindparam("owner_id")),
).where(
    _as_owner.role == Role.OWNER,
    Users.may_enrol.is_(False),
    exists().where(_owner.id == _as_owner.user_id, _owner.active == true()),
    ~exists().where(
        ChannelMembers.user_id == Memberships.user_id,
        Channels.id == ChannelMembers.channel_id,
        Channels.group_id == Memberships.group_id,
        Channels.kind == Kind.PRIVATE,
        ~exists().where(
            _own.channel_id == ChannelMembers.channel_id, _own.user_id == bindparam("owner_id")
        ),
    ),
)
"""The same group, if its owner sees all that this account sees; it may nothing on the server."""


async def make_reset_link(db: Transaction, user: User, *, by: Caller | None) -> MadeLink:
    """A link that sets a new password once, within a day; the person is told of it.

    Without `by` a command makes it. Raises Forbidden for whoever may not make it, or has not given
    her password lately, and Conflict when the account is disabled.
    """
    group_id: int | None = None
    by_id = by.id if by else None
    if by is not None and by.is_admin:
        await require_admin(db, by=by)
    user = await find_account(db, user.id)
    if by is not None and not by.is_admin:
        group_id = await require_owner_of(db, user.id, by=by)
    if by is not None:
        require_recent_password(by)
    if not user.active:
        raise Conflict("inactive", "This account is disabled: let her in again first.")
    made = await make_link(
        db, user.id, Purpose.RESET, _RESET_LINK_LASTS, made_by_id=by_id, group_id=group_id
    )
    if by is not None and group_id is not None:
        await record_group_act(
            db, group_id, "link.made", by=by, person_id=user.id, purpose=Purpose.RESET
        )
    await record_server_act(
        db, "link.made", by=by, person_id=user.id, purpose=Purpose.RESET, group_id=group_id
    )
    told = {"by_id": by_id, "group_id": group_id, "expires_at": made.expires_at}
    record(db, user.topic, "link.made", {"purpose": Purpose.RESET, **told}, by=by_id)
    return made


async def make_mailed_links(db: Transaction, email: str) -> list[tuple[User, MadeLink]]:
    """A link for each account with this address, if the person has confirmed it.

    Whoever sends them sends them to the address of the account, not to how it was typed.
    """
    lower_ascii = email.translate({upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)})
    values = {"in_lower_case": email.lower(), "in_lower_ascii": lower_ascii}
    links = []
    for user_id in [row.id for row in await db.all(_AT_ADDRESS, **values)]:
        row = await db.find(_ACCOUNT, user_id=user_id)
        if row is not None and row.email is not None and row.has_confirmed:
            made = await make_link(db, user_id, Purpose.RESET, _MAILED_LINK_LASTS, email=row.email)
            links.append((load(User, row), made))
    return links


async def require_owner_of(db: Transaction, user_id: int, *, by: Caller) -> int:
    """The group by which the caller may make a link for an account that its roster has made.

    Raises Forbidden when there is none.
    """
    group_id = await db.scalar(_OWNS_GROUP_OF, user_id=user_id, owner_id=by.id)
    if group_id is None:
        raise Forbidden(
            "not_allowed_to_reset",
            "Only an administrator of the server may do this, or an owner of the group whose roster"
            " has made the account, as long as it is used for nothing else.",
        )
    return group_id


async def use_password_link(db: Transaction, link: AccountLink, password_hash: str) -> User:
    """Give the account of a link a new password, and sign it out everywhere.

    Raises Invalid when the link is used already, or what it was made for does not hold any more.
    """
    await lock_sessions_of(db, link.user_id)
    row = await db.find(_ACCOUNT, user_id=link.user_id)
    if row is None or not await _holds(db, link, row):
        raise no_such_link()
    await take_link(db, link)
    user = load(User, row)
    await set_password(db, user, password_hash)
    await revoke_other_sessions(db, user.id, but=None, by=user.id)
    if link.group_id is not None:
        await record_group_act(
            db, link.group_id, "link.used", by=user, person_id=user.id, purpose=link.purpose
        )
    await record_server_act(db, "link.used", by=user, person_id=user.id, purpose=link.purpose)
    record(db, user.topic, "link.used", {"purpose": link.purpose}, by=user.id)
    return user


async def find_account_of_link(db: Transaction, link: AccountLink) -> User:
    """Whose password a link sets. Raises Invalid when it would not do so any more."""
    row = await db.find(_ACCOUNT, user_id=link.user_id)
    if row is None or not await _holds(db, link, row):
        raise no_such_link()
    return load(User, row)


async def _holds(db: Transaction, link: AccountLink, account: Row[*tuple[object, ...]]) -> bool:
    """Whether what a link was made for is still so."""
    if link.purpose == Purpose.CLAIM:
        return not account.password_hash and await _may_claim(db, link)
    if link.email is not None:
        return bool(account.has_confirmed) and account.email == link.email
    if link.group_id is not None:
        values = {"user_id": link.user_id, "owner_id": link.made_by_id}
        return await db.scalar(_OWNS_GROUP_OF, **values) == link.group_id
    return link.made_by_id is None or await db.scalar_one(_ADMINISTERS, user_id=link.made_by_id)


async def _may_claim(db: Transaction, link: AccountLink) -> bool:
    """Whether an administrator has made the link, or the roster of the account's only group."""
    if link.group_id is None and link.made_by_id is not None:
        return await db.scalar_one(_ADMINISTERS, user_id=link.made_by_id)
    group_id = await db.scalar(_ENROLLED_ONLY, user_id=link.user_id)
    return group_id is not None and link.group_id in {None, group_id}
