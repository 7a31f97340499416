"""Adding accounts as an administrator: one or many at once, each with a link that claims it."""

from collections.abc import Sequence

from model.account import require_admin
from model.account_link import make_claim_links
from model.act import record_server_act
from model.database.unit_of_work import Transaction
from model.log.event import ADMIN_TOPIC, record
from model.planned_account import NewPerson, plan_accounts, require_no_problems
from model.session import require_recent_password
from model.unclaimed_account import AccountToClaim, insert_unclaimed
from model.user import Caller, ServerRole, find_account

MAX_ADDED = 100  # accounts at once


async def add_accounts(
    db: Transaction, people: Sequence[NewPerson], role: ServerRole, *, by: Caller
) -> list[AccountToClaim]:
    """Make an account for each person, all of them or none, and the links that claim them.

    Raises Forbidden unless the caller is an administrator who has given her password lately,
    Invalid with all that is wrong, and TryAgain when one of the usernames was taken meanwhile.
    """
    await require_admin(db, by=by)
    require_recent_password(by)
    planned = await plan_accounts(db, None, people)
    require_no_problems(people, planned)
    ids = await insert_unclaimed(db, people, planned, role=role)
    links = await make_claim_links(db, ids, None, by=by)
    for user_id in ids:
        user = await find_account(db, user_id)
        record(db, ADMIN_TOPIC, "user.registered", user.view(), by=by.id, about=user.about)
        await record_server_act(db, "account.added", by=by, person_id=user_id, role=role)
    return [
        AccountToClaim(user_id, one.name, account.username, link.token)
        for user_id, one, account, link in zip(ids, people, planned, links, strict=True)
    ]
