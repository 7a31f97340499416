"""Confirming that an address is one's own, by a link that is sent there."""

from datetime import timedelta

from sqlalchemy import bindparam, select, true

from model.account_link import (
    AccountLink,
    MadeLink,
    Purpose,
    make_link,
    no_such_link,
    take_link,
)
from model.database.unit_of_work import Transaction, finder
from model.errors import Conflict
from model.log.event import record
from model.user import HAS_ACCOUNT, SET_USER, Users

_CONFIRMATION_LINK_LASTS = timedelta(hours=24)

_ADDRESS = finder(
    select(Users.email, Users.email_confirmed).where(
        Users.id == bindparam("user_id"), Users.active == true(), HAS_ACCOUNT
    ),
    locks=[Users],
)


async def find_unconfirmed_address(db: Transaction, user_id: int) -> str:
    """The address of an account. Raises Conflict when there is none, or it is confirmed already."""
    row = await db.find(_ADDRESS, user_id=user_id)
    if row is None or row.email is None:
        raise Conflict("no_email", "Your account has no e-mail address.")
    if row.email_confirmed:
        raise Conflict("email_confirmed", "You have confirmed your address already.")
    email: str = row.email
    return email


async def make_confirmation_link(db: Transaction, user_id: int) -> tuple[str, MadeLink]:
    """The address of an account, and a link that confirms it.

    Raises Conflict when there is none, or it is confirmed already.
    """
    email = await find_unconfirmed_address(db, user_id)
    made = await make_link(db, user_id, Purpose.EMAIL, _CONFIRMATION_LINK_LASTS, email=email)
    return email, made


async def confirm_email(db: Transaction, link: AccountLink) -> None:
    """Confirm the address to which a link was sent.

    Raises Invalid when the link is used already, or the account has another address by now.
    """
    row = await db.find(_ADDRESS, user_id=link.user_id)
    if row is None or row.email is None or row.email != link.email:
        raise no_such_link()
    await take_link(db, link)
    await db.run(SET_USER, of_user=link.user_id, email_confirmed=True)
    ids = {"id": link.user_id}
    record(db, f"user:{link.user_id}", "email.confirmed", ids, by=link.user_id)
