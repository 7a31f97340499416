"""Links that set a new password without the old one, made for people who have forgotten theirs."""

from datetime import datetime

from quart import Blueprint
from quart_schema import document_response, validate_request
from typing_extensions import TypedDict

from api.context import caller, limited, read, services, settings, write
from api.forms import Form, Token
from api.middleware.auth import public
from api.middleware.limits import address
from api.reach import addresses_for_others
from model.account import find_user
from model.account_link import Purpose, find_link
from model.limit import LINK_ADDRESS_LIMIT, Action
from model.password_reset import find_account_of_link, make_reset_link

account_links = Blueprint("account_links", __name__)


class LinkForm(Form):
    """`token` is what the link has behind `#token=`."""

    token: Token


class ResetLinkView(TypedDict):
    """`link` is shown once. It has no host where HOMEROOM_PUBLIC_URL is not set.

    `addresses` are where others reach this server, as far as that is known.
    """

    link: str
    addresses: list[str]
    expires_at: datetime


class AccountLinkView(TypedDict):
    """Whose password a link sets; `claim` is the first one of an account."""

    purpose: Purpose
    username: str
    name: str
    expires_at: datetime


@account_links.post("/users/<id:user_id>/reset-links")
@document_response(ResetLinkView, 201)
async def create(user_id: int) -> tuple[ResetLinkView, int]:
    """Make a link that sets a new password for somebody once, within a day.

    Administrators may, and an owner for an account that the roster of her group has made. An
    earlier one does nothing any more, and the person is told. It takes a password that was given
    within ten minutes.
    """
    async with write() as db:
        user = await find_user(db, user_id, reader=caller())
        made = await make_reset_link(db, user, by=caller())
    if user.email is not None and user.email_confirmed:
        services().outbox.send(services().letters.link_made(user.email, user.username))
    return {
        "link": password_link(made.token),
        "addresses": addresses_for_others(),
        "expires_at": made.expires_at,
    }, 201


@account_links.post("/account-links")
@public
@validate_request(LinkForm)
@document_response(AccountLinkView)
async def show(data: LinkForm) -> AccountLinkView:
    """Look whose password a link sets, without using it."""
    await limited(Action(LINK_ADDRESS_LIMIT, address()))
    async with read() as db:
        link = await find_link(db, data.token, Purpose.RESET, Purpose.CLAIM)
        user = await find_account_of_link(db, link)
    return {
        "purpose": link.purpose,
        "username": user.username,
        "name": user.name,
        "expires_at": link.expires_at,
    }


def password_link(token: str) -> str:
    """The link to the page that sets a password; it never names the host that a request names."""
    return f"{settings().public_url or ''}/reset#token={token}"
