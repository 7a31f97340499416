"""Rosters: an owner who may makes the accounts of a whole class, which the people then claim.

An account of a roster has no password until its person has opened her link and set one. Who may is
said by the server's administrators; the group's other owners may not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from typing_extensions import TypedDict

from model.account_link import AccountLinks, Purpose, make_claim_links
from model.act import record_group_act, record_server_act
from model.database.page import Page, pages
from model.database.row import columns_of, load
from model.database.table import now
from model.database.unit_of_work import Transaction, finder
from model.errors import Forbidden, NotFound
from model.group import Group, Member, Memberships, Role, find_group, require_owner
from model.log.event import record
from model.password_reset import require_owner_of
from model.planned_account import NewPerson, plan_accounts, require_no_problems
from model.unclaimed_account import AccountToClaim, accounts_to_claim, insert_unclaimed
from model.user import (
    HAS_ACCOUNT,
    Caller,
    Enrolments,
    User,
    Users,
    lock_account,
)

MAX_ENROLLED = 500  # people of one roster


class UnclaimedView(TypedDict):
    """Somebody enrolled who has set no password yet, and how long her link is good, if at all."""

    id: int
    name: str
    username: str
    link_expires_at: datetime | None


@dataclass(frozen=True)
class Unclaimed:
    id: int
    name: str
    username: str


_INSERT_MEMBER, _INSERT_ENROLMENT = insert(Memberships), insert(Enrolments)
_UNCLAIMED = (
    select(*columns_of(Users, Unclaimed))
    .join_from(Enrolments, Users, Users.id == Enrolments.user_id)
    .join(
        Memberships,
        (Memberships.user_id == Users.id) & (Memberships.group_id == Enrolments.group_id),
    )
    .where(
        Enrolments.group_id == bindparam("group_id"),
        Users.password_hash == "",
        HAS_ACCOUNT,
    )
)
_LIST_UNCLAIMED = pages(
    _UNCLAIMED.outerjoin(
        AccountLinks,
        (AccountLinks.user_id == Users.id) & (AccountLinks.purpose == Purpose.CLAIM),
    ).add_columns(AccountLinks.expires_at.label("link_expires_at")),
    Users.id,
)
_FIND_UNCLAIMED = finder(
    _UNCLAIMED.where(Users.id == bindparam("user_id")), locks=[Enrolments, Memberships]
)


async def find_roster(db: Transaction, group_id: int, *, by: Caller) -> Group:
    """The group in which the caller enrols people.

    Raises NotFound, and Forbidden unless she is an owner who may.
    """
    group = await find_group(db, group_id, reader=by)
    require_owner(group)
    if not by.may_enrol:
        allows = "An administrator of the server has to allow you to enrol people."
        raise Forbidden("may_not_enrol", allows)
    return group


async def enrol(
    db: Transaction, group: Group, people: Sequence[NewPerson], *, by: Caller
) -> list[AccountToClaim]:
    """Make the accounts of a roster and let them into the group: all of them, or nobody.

    Raises Forbidden in an archived group, Invalid with all that is wrong, and TryAgain when one of
    the usernames was taken meanwhile.
    """
    planned = await plan_accounts(db, group, people)
    require_no_problems(people, planned)
    users = await insert_unclaimed(db, people, planned)
    members = await _let_in(db, group, users)
    ids = [user.id for user in users]
    links = await make_claim_links(db, ids, group.id, by=by)
    record(db, group.topic, "members.joined", {"members": [m.view() for m in members]}, by=by.id)
    await record_group_act(db, group.id, "roster.enrolled", by=by, count=len(ids))
    await record_server_act(db, "roster.enrolled", by=by, group_id=group.id, user_ids=ids)
    return accounts_to_claim(users, links)


async def list_unclaimed(
    db: Transaction, group: Group, page: Page
) -> tuple[list[UnclaimedView], int | None]:
    """Whom the roster of a group has made, and who has not set a password yet."""
    values = {"group_id": group.id, **page.values}
    rows, following = page.cut(await db.all(_LIST_UNCLAIMED.of(page), **values))
    return [
        {
            "id": row.id,
            "name": row.name,
            "username": row.username,
            "link_expires_at": row.link_expires_at,
        }
        for row in rows
    ], following


async def renew_claim_link(
    db: Transaction, group_id: int, user_id: int, *, by: Caller
) -> AccountToClaim:
    """Somebody enrolled with a new link, which replaces the one before.

    Raises what `find_roster` does, NotFound for whoever was not enrolled there, or has claimed her
    account, and Forbidden when the account is in something that its owner does not see.
    """
    await lock_account(db, user_id)
    group = await find_roster(db, group_id, by=by)
    row = await db.find(_FIND_UNCLAIMED, group_id=group.id, user_id=user_id)
    if row is None:
        raise NotFound("unclaimed account")
    person = load(Unclaimed, row)
    await require_owner_of(db, person.id, by=by)
    (link,) = await make_claim_links(db, [person.id], group.id, by=by)
    await record_group_act(
        db, group.id, "link.made", by=by, person_id=person.id, purpose=Purpose.CLAIM
    )
    await record_server_act(
        db, "link.made", by=by, person_id=person.id, purpose=Purpose.CLAIM, group_id=group.id
    )
    return AccountToClaim(person.id, person.name, person.username, link.token)


async def _let_in(db: Transaction, group: Group, users: Sequence[User]) -> list[Member]:
    """Let new users into a group, and note that its roster has made their accounts."""
    at = now()
    enrolled = [{"group_id": group.id, "user_id": user.id} for user in users]
    joined = {"role": Role.MEMBER, "joined_at": at}
    await db.run_for_each(_INSERT_MEMBER, [{**who, **joined} for who in enrolled])
    await db.run_for_each(_INSERT_ENROLMENT, enrolled)
    return [Member(user.id, user.name, None, user.username, Role.MEMBER, at) for user in users]
