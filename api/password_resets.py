"""New passwords for people who have forgotten theirs: by a link, which a mail may bring."""

from collections.abc import Sequence
from functools import partial

from quart import Blueprint, Response, jsonify, request
from quart_schema import document_response, validate_request
from typing_extensions import TypedDict

from api.account_links import LinkForm
from api.context import Services, limited, read, services, write
from api.forms import Email, Form, Password
from api.mail.letter import Letter
from api.middleware.auth import public
from api.middleware.cookies import remember_device
from api.middleware.limits import address
from model.account_link import Purpose, find_link
from model.errors import NoMail
from model.limit import LINK_ADDRESS_LIMIT, MAIL_ADDRESS_LIMIT, Action, mail_to
from model.password_reset import find_account_of_link, make_mailed_links, use_password_link
from model.user import OwnUserView

password_resets = Blueprint("password_resets", __name__)


class AskingForm(Form):
    email: Email


class NewPasswordForm(LinkForm):
    password: Password


class AskedView(TypedDict):
    """The same whether or not a mail goes to the address."""

    status: str


@password_resets.post("/password-resets")
@public
@validate_request(AskingForm)
@document_response(AskedView, 202)
async def create(data: AskingForm) -> tuple[AskedView, int]:
    """Have a link mailed to your address, if you have confirmed it. The link works for an hour.

    The answer is the same for any address, and so is the time that it takes.
    """
    if not services().outbox.is_open:
        raise NoMail
    await limited(Action(MAIL_ADDRESS_LIMIT, address()), mail_to(data.email))
    services().outbox.send_what(partial(write_letters, services(), data.email))
    return {"status": "accepted"}, 202


async def write_letters(running: Services, email: str) -> Sequence[Letter]:
    """What goes to an address, beside the request: one letter for each account."""
    async with running.database.write("mail") as db:
        links = await make_mailed_links(db, email)
    return [
        running.letters.password_reset(user.email or "", user.username, made.token)
        for user, made in links
    ]


@password_resets.put("/password-resets")
@public
@validate_request(NewPasswordForm)
@document_response(OwnUserView)
async def update(data: NewPasswordForm) -> Response:
    """Set a new password by a link, once. It signs you out everywhere; sign in with it then.

    A browser is known as a device of the account from then on, whoever guesses meanwhile.
    """
    await limited(Action(LINK_ADDRESS_LIMIT, address()))
    async with read() as db:
        link = await find_link(db, data.token, Purpose.RESET, Purpose.CLAIM)
        await find_account_of_link(db, link)
    password_hash = await services().passwords.hash(data.password)
    async with write() as db:
        user = await use_password_link(db, link, password_hash)
    response = jsonify(user.own_view())
    if "Authorization" not in request.headers:
        remember_device(response, user, password_hash)
    return response
