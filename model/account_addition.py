"""Adding accounts as an administrator: one or many at once, each with a link that claims it."""

from collections.abc import Sequence

from model.account import require_admin
from model.account_link import make_claim_links
from model.act import record_server_act
from model.database.unit_of_work import Transaction
from model.log.event import ADMIN_TOPIC, record
from model.planned_account import NewPerson, plan_accounts, require_no_problems
from model.session import require_recent_password
from model.unclaimed_account import AccountToClaim, accounts_to_claim, insert_unclaimed
from model.user import Caller, ServerRole

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
    users = await insert_unclaimed(db, people, planned, role=role)
    links = await make_claim_links(db, [user.id for user in users], None, by=by)
    for user in users:
        record(db, ADMIN_TOPIC, "user.registered", user.view(), by=by.id, about=user.about)
        await record_server_act(db, "account.added", by=by, person_id=user.id, role=role)
    return accounts_to_claim(users, links)
