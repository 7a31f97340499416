"""The account of whoever is signed in."""

from pydantic import Field
from quart import Blueprint, Response, request
from quart_schema import document_response, validate_request

from api.context import caller, limited, read, services, write
from api.email_confirmations import tell_old_address
from api.forms import Email, Form, Name, Password, Username
from api.lane import in_lane
from api.middleware.cookies import delete_cookie, remember_device
from model.account import change_email, edit_profile
from model.account_link import set_password
from model.errors import Invalid
from model.limit import PASSWORD_LIMIT, Action
from model.removal import delete_account
from model.session import require_recent_password, revoke_other_sessions
from model.user import OwnUserView, find_account, find_account_by_name

me = Blueprint("me", __name__)


class ProfileForm(Form):
    name: Name = ""
    username: Username = ""
    email: Email | None = None


class PasswordForm(Form):
    old: str = Field(max_length=200)
    new: Password


@me.get("/me")
@document_response(OwnUserView)
@in_lane
async def show() -> OwnUserView:
    """Who is signed in."""
    async with read() as db:
        return (await find_account(db, caller().id)).own_view()


@me.patch("/me")
@validate_request(ProfileForm)
@document_response(OwnUserView)
async def update(data: ProfileForm) -> OwnUserView:
    """Change your name, your username (twice a year), or your e-mail (`password_needed`).

    For a year the username before still leads to you, and is nobody else's.
    """
    given = data.given
    async with write() as db:
        before = user = await find_account(db, caller().id)
        if "email" in given:
            user = await change_email(db, before, given.pop("email"), by=caller())
        changed = await edit_profile(db, user, **given)
    if before.email is not None and before.email_confirmed and not changed.email_confirmed:
        tell_old_address(services(), before.email, changed.username)
    return changed.own_view()


@me.delete("/me")
async def delete() -> Response:
    """Delete your account (`password_needed`): your posts stay, without an author."""
    async with write(ending=caller().id) as db:
        require_recent_password(caller())
        await delete_account(db, await find_account(db, caller().id), by=caller())
    response = Response("", 204)
    delete_cookie(response)
    return response


@me.put("/me/password")
@validate_request(PasswordForm)
async def update_password(data: PasswordForm) -> Response:
    """Change your password; other sessions and tokens end, and no other device is known."""
    await limited(Action(PASSWORD_LIMIT, f"session:{caller().session_id}"))
    async with read() as db:
        found = await find_account_by_name(db, caller().username)
    if found is None or not await services().passwords.verify(data.old, found[1]):
        raise Invalid({"old": "This is not your password."})
    password_hash = await services().passwords.hash(data.new)
    async with write(ending=caller().id) as db:
        again = await find_account_by_name(db, caller().username)
        if again is None or again[1] != found[1]:
            raise Invalid({"old": "This is not your password."})
        await set_password(db, again[0], password_hash)
        await revoke_other_sessions(db, caller().id, but=caller().session_id, by=caller().id)
    response = Response("", 204)
    if "Authorization" not in request.headers:
        remember_device(response, again[0], password_hash)
    return response
