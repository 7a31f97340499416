"""Signing in and out, and the list of sessions."""

from datetime import datetime
from typing import NotRequired

from pydantic import Field
from quart import Blueprint, Response, jsonify, request
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, limited, read, services, write
from api.forms import Form, PageQuery, Printable
from api.middleware.auth import delete_cookie, public, set_cookie
from api.middleware.limits import address
from model.errors import NotSignedIn
from model.limit import SIGN_IN_ACCOUNT_LIMIT, SIGN_IN_ADDRESS_LIMIT, forgive
from model.session import (
    SessionView,
    list_sessions,
    open_session,
    revoke_other_sessions,
    revoke_session,
)
from model.user import OwnUserView, find_account_by_name

sessions = Blueprint("sessions", __name__)


class SignInForm(Form):
    """Name and password. With `token` the answer has a bearer token, otherwise it sets a cookie."""

    username: Printable = Field(max_length=200)
    password: str = Field(max_length=200)
    token: bool = False


class SignedInView(TypedDict):
    user: OwnUserView
    session_id: int
    token: NotRequired[str]
    expires_at: datetime


class SessionList(TypedDict):
    sessions: list[SessionView]
    current_id: int
    next: int | None


@sessions.post("/sessions")
@public
@validate_request(SignInForm)
@document_response(SignedInView, 201)
async def create(data: SignInForm) -> tuple[Response, int]:
    """Sign in. An unknown name and a wrong password are answered alike."""
    account = data.username.lower()
    await limited(SIGN_IN_ADDRESS_LIMIT, address())
    await limited(SIGN_IN_ACCOUNT_LIMIT, account)
    async with read() as db:
        found = await find_account_by_name(db, data.username)
    right = await services().passwords.verify(data.password, found[1] if found else None)
    if found is None or not right:
        raise NotSignedIn("The username or the password is wrong.", "wrong_credentials")
    async with write() as db:
        again = await find_account_by_name(db, data.username)
        if again is None or again[1] != found[1]:
            raise NotSignedIn("The username or the password is wrong.", "wrong_credentials")
        user = again[0]
        session = await open_session(db, user, request.headers.get("User-Agent", ""))
        await forgive(db, SIGN_IN_ACCOUNT_LIMIT, account)
    view: SignedInView = {
        "user": user.own_view(),
        "session_id": session.id,
        "expires_at": session.expires_at,
    }
    if data.token:
        return jsonify({**view, "token": session.token}), 201
    response = jsonify(view)
    set_cookie(response, session.token, session.expires_at)
    return response, 201


@sessions.get("/sessions")
@validate_querystring(PageQuery)
@document_response(SessionList)
async def index(query_args: PageQuery) -> SessionList:
    """Your sessions, newest first."""
    async with read() as db:
        found, following = await list_sessions(db, query_args.page, reader=caller())
    return {"sessions": found, "current_id": caller().session_id, "next": following}


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
    """Sign out all your other sessions."""
    async with write(ending=caller().id) as db:
        await revoke_other_sessions(db, caller().id, but=caller().session_id, by=caller().id)
    return "", 204
