"""People: registering, finding members of your groups, and what administrators change."""

import hmac
from typing import Annotated

from pydantic import Field
from quart import Blueprint, Response, jsonify, request
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, limited, read, services, settings, write
from api.forms import Email, Form, Name, PageQuery, Password, Token, Username
from api.middleware.auth import public
from api.middleware.compress import uncompressed
from api.middleware.cookies import remember_device, set_cookie
from api.middleware.limits import address
from api.middleware.location import located
from model.account import change_account, end_sessions, find_user, list_users, register
from model.errors import Invalid
from model.limit import REGISTER_ADDRESS_LIMIT, Action
from model.removal import remove_account
from model.session import open_session
from model.text.typed import clean_short
from model.user import OwnUserView, ServerRole, UserView

users = Blueprint("users", __name__)


class RegistrationForm(Form):
    """A new account. `token` is that of the printed link, which makes the first administrator."""

    username: Username
    name: Name
    password: Password
    email: Email | None = None
    join_code: Token | None = None
    token: Token | None = None


class AccountForm(Form):
    """`may_enrol` lets an owner make the accounts of others, by the roster of her group."""

    role: Annotated[ServerRole, Field(strict=False)] = ServerRole.MEMBER
    active: bool = True
    may_enrol: bool = False


class UserQuery(PageQuery):
    search: str = Field(default="", max_length=80)


class UserList(TypedDict):
    users: list[OwnUserView | UserView]
    next: int | None


@users.post("/users")
@public
@validate_request(RegistrationForm)
@document_response(OwnUserView, 201)
@located("/api/users/{id}")
async def create(data: RegistrationForm) -> tuple[Response, int]:
    """Make an account, and sign in with a cookie."""
    await limited(Action(REGISTER_ADDRESS_LIMIT, address()))
    if data.token is not None and not is_first_token(data.token):
        raise Invalid({"token": "This is not the token of the printed link."})
    password_hash = await services().passwords.hash(data.password)
    async with write() as db:
        user = await register(
            db,
            data.username,
            data.name,
            password_hash,
            email=data.email,
            policy=settings().registration,
            join_code=data.join_code,
            is_first=data.token is not None,
        )
        session = await open_session(db, user, request.headers.get("User-Agent", ""), address())
    response = jsonify(user.own_view())
    set_cookie(response, session.token, session.expires_at)
    remember_device(response, user, password_hash)
    return response, 201


@users.get("/users")
@uncompressed
@validate_querystring(UserQuery)
@document_response(UserList)
async def index(query_args: UserQuery) -> UserList:
    """Find people by username or name in your groups; administrators find everybody."""
    async with read() as db:
        found, following = await list_users(db, query_args.search, query_args.page, reader=caller())
    return {"users": found, "next": following}


@users.get("/users/<id:user_id>")
@document_response(OwnUserView | UserView)
async def show(user_id: int) -> UserView | OwnUserView:
    """One person; the e-mail is only for that person and administrators."""
    async with read() as db:
        user = await find_user(db, user_id, reader=caller())
    return user.view_for(caller())


@users.patch("/users/<id:user_id>")
@validate_request(AccountForm)
@document_response(OwnUserView)
async def update(user_id: int, data: AccountForm) -> OwnUserView:
    """Change role or rights, as an administrator. Inactive people are signed out everywhere."""
    async with write(ending=user_id) as db:
        await find_user(db, user_id, reader=caller())
        changed = await change_account(db, user_id, by=caller(), **data.given)
    return changed.own_view()


@users.delete("/users/<id:user_id>/sessions")
async def delete_sessions(user_id: int) -> tuple[str, int]:
    """Sign somebody out everywhere, as an administrator; yourself, everywhere else."""
    async with write(ending=user_id) as db:
        user = await find_user(db, user_id, reader=caller())
        await end_sessions(db, user, by=caller())
    return "", 204


@users.delete("/users/<id:user_id>")
async def delete(user_id: int) -> tuple[str, int]:
    """Remove a person, as an administrator; their posts stay without an author."""
    async with write(ending=user_id) as db:
        await find_user(db, user_id, reader=caller())
        await remove_account(db, user_id, by=caller())
    return "", 204


def is_first_token(token: str) -> bool:
    expected = settings().first_token(services().signing_key)
    return hmac.compare_digest(clean_short(token).encode(), expected.encode())
