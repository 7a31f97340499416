"""Signing in and out, and the list of sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NotRequired

from pydantic import Field
from quart import Blueprint, Response, jsonify, request
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, limited, read, services, write
from api.forms import Form, PageQuery
from api.middleware.auth import public, token_of
from api.middleware.cookies import (
    delete_cookie,
    device_that_asks,
    set_cookie,
    set_device_cookie,
)
from api.middleware.limits import address
from api.middleware.location import located
from model.database.unit_of_work import Transaction
from model.device import Device, device_of
from model.errors import Invalid, NotSignedIn, Refusal
from model.limit import forgive_tries_to_sign_in, tries_to_sign_in
from model.session import (
    OpenedSession,
    SessionView,
    confirm_session,
    list_sessions,
    open_session,
    revoke_session,
    sign_out_elsewhere,
)
from model.user import OwnUserView, User, find_account, find_account_by_name
from model.username import username_key

sessions = Blueprint("sessions", __name__)


class SignInForm(Form):
    """Name and password. With `token` the answer has a bearer token, otherwise it sets cookies.

    `device` is what an earlier answer with a token has said, whoever guesses meanwhile.
    """

    username: str = Field(max_length=200)
    password: str = Field(max_length=200)
    token: bool = False
    device: str | None = Field(default=None, max_length=300)


class ConfirmationForm(Form):
    password: str = Field(max_length=200)


class SignedInView(TypedDict):
    """`device` comes with `token`: keep it, and send it the next time, to be known again."""

    user: OwnUserView
    session_id: int
    token: NotRequired[str]
    device: NotRequired[str]
    expires_at: datetime


class SessionList(TypedDict):
    sessions: list[SessionView]
    current_id: int
    next: int | None


@sessions.post("/sessions")
@public
@validate_request(SignInForm)
@document_response(SignedInView, 201)
@located("/api/sessions/{session_id}")
async def create(data: SignInForm) -> tuple[Response, int]:
    """Sign in. An unknown name and a wrong password are answered alike."""
    device = device_that_asks() if data.device is None else device_of(data.device)
    user, session, device = await _sign_in(data, device)
    view: SignedInView = {
        "user": user.own_view(),
        "session_id": session.id,
        "expires_at": session.expires_at,
    }
    if data.token:
        return jsonify({**view, "token": session.token, "device": str(device)}), 201
    response = jsonify(view)
    set_cookie(response, session.token, session.expires_at)
    set_device_cookie(response, device)
    return response, 201


async def _sign_in(data: SignInForm, device: Device) -> tuple[User, OpenedSession, Device]:
    wrong = NotSignedIn("The username or the password is wrong.", "wrong_credentials")
    right = _right_password(data.username, data.password, device, wrong)
    async with right as (db, user, password_hash):
        session = await open_session(db, user, request.headers.get("User-Agent", ""), address())
    return user, session, device.remembering(user, password_hash, key=services().signing_key)


@asynccontextmanager
async def _right_password(
    username: str, password: str, device: Device, wrong: Refusal
) -> AsyncIterator[tuple[Transaction, User, str]]:
    """A transaction for whoever knows the password, with the account and the hash of it.

    Raises `wrong` unless it is right, and TooMany after too many tries.
    """
    account = username_key(username)
    async with read() as db:
        found = await find_account_by_name(db, account)
    is_known = found is not None and device.knows(*found, key=services().signing_key)
    known = device.name if is_known else None
    await limited(*tries_to_sign_in(account, address(), known))
    right = await services().passwords.verify(password, found[1] if found else None)
    if found is None or not right:
        raise wrong
    async with write() as db:
        again = await find_account_by_name(db, account)
        if again is None or again[1] != found[1]:
            raise wrong
        yield db, *again
        if known is None:
            await forgive_tries_to_sign_in(db, account, address())


@sessions.get("/sessions")
@validate_querystring(PageQuery)
@document_response(SessionList)
async def index(query_args: PageQuery) -> SessionList:
    """Your sessions, newest first."""
    async with read() as db:
        found, following = await list_sessions(db, query_args.page, reader=caller())
    return {"sessions": found, "current_id": caller().session_id, "next": following}


@sessions.post("/sessions/current/confirmation")
@validate_request(ConfirmationForm)
async def confirm(data: ConfirmationForm) -> tuple[str, int]:
    """Give your password again where it is asked for (`password_needed`): it holds ten minutes."""
    wrong = Invalid({"password": "This is not your password."})
    async with read() as db:  # the caller whom a worker remembers may have another username by now
        username = (await find_account(db, caller().id)).username
    device = device_that_asks()
    async with _right_password(username, data.password, device, wrong) as (db, _, _):
        await confirm_session(db, by=caller())
    services().recent_callers.forget(token_of(request) or "")
    return "", 204


@sessions.delete("/sessions/<id:session_id>")
async def delete(session_id: int) -> tuple[str, int]:
    """Sign out one of your sessions."""
    async with write(ending=caller().id) as db:
        await revoke_session(db, session_id, by=caller())
    return "", 204


@sessions.delete("/sessions/current")
async def delete_current() -> Response:
    """Sign out."""
    async with write(ending=caller().id) as db:
        await revoke_session(db, caller().session_id, by=caller())
    response = Response("", 204)
    delete_cookie(response)
    return response


@sessions.delete("/sessions")
async def delete_others() -> tuple[str, int]:
    """Sign out all your other sessions; tokens stay."""
    async with write(ending=caller().id) as db:
        await sign_out_elsewhere(db, by=caller())
    return "", 204
