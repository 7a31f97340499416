"""Confirming one's e-mail address, by a link that is sent there."""

from quart import Blueprint
from quart_schema import document_response, validate_request
from typing_extensions import TypedDict

from api.account_links import LinkForm
from api.context import Services, caller, limited, read, services, write
from api.mail.address import as_sent
from api.middleware.auth import public
from api.middleware.limits import address
from model.account_link import Purpose, find_link
from model.email_confirmation import confirm_email, find_unconfirmed_address, make_confirmation_link
from model.errors import Invalid, NoMail
from model.limit import LINK_ADDRESS_LIMIT, MAIL_ADDRESS_LIMIT, Action, mail_to

email_confirmations = Blueprint("email_confirmations", __name__)


class SentView(TypedDict):
    status: str


@email_confirmations.post("/me/email-confirmation")
@document_response(SentView, 202)
async def create() -> tuple[SentView, int]:
    """Have a link mailed to your address that confirms it. It works for a day."""
    if not services().outbox.is_open:
        raise NoMail
    async with read() as db:
        email = await find_unconfirmed_address(db, caller().id)
    _require_address(email)
    await limited(Action(MAIL_ADDRESS_LIMIT, f"user:{caller().id}"), mail_to(email))
    async with write() as db:
        to, made = await make_confirmation_link(db, caller().id)
    letter = services().letters.email_confirmation(to, caller().username, made.token)
    services().outbox.send(letter)
    return {"status": "accepted"}, 202


@email_confirmations.put("/email-confirmations")
@public
@validate_request(LinkForm)
async def update(data: LinkForm) -> tuple[str, int]:
    """Confirm an address by the link that was sent there."""
    await limited(Action(LINK_ADDRESS_LIMIT, address()))
    async with read() as db:
        link = await find_link(db, data.token, Purpose.EMAIL)
    async with write() as db:
        await confirm_email(db, link)
    return "", 204


def tell_old_address(running: Services, old: str, username: str) -> None:
    """Tell the address that was confirmed until now that the account has another one.

    It comes after the commit. Nobody has said that an unconfirmed one is hers: it is not told.
    """
    running.outbox.send(running.letters.email_changed(old, username))


def _require_address(email: str) -> None:
    """Raises Invalid for what no mail server takes."""
    try:
        as_sent(email)
    except ValueError:
        raise Invalid({"email": "No mail can be sent to this address."}) from None
