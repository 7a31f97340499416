"""Personal access tokens, for programs of one's own: made and revoked by a session alone."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Form, Name, PageQuery
from api.middleware.location import located
from model.token import TOKEN_LASTS, TokenView, list_tokens, make_token, revoke_token
from model.user import Scope

tokens = Blueprint("tokens", __name__)


class TokenForm(Form):
    """With the scope `read` it sees and follows, with `write` it also does what you may in groups.

    Without `expires_in_days` it ends when it was not used for a year.
    """

    name: Name
    scope: Literal["read", "write"]
    expires_in_days: Annotated[int, Field(ge=1, le=TOKEN_LASTS.days)] | None = None


class MadeTokenView(TypedDict):
    """`token` is said once."""

    token_id: int
    token: str
    expires_at: datetime


class TokenList(TypedDict):
    tokens: list[TokenView]
    next: int | None


@tokens.get("/tokens")
@validate_querystring(PageQuery)
@document_response(TokenList)
async def index(query_args: PageQuery) -> TokenList:
    """Your personal access tokens, newest first."""
    async with read() as db:
        found, following = await list_tokens(db, query_args.page, reader=caller())
    return {"tokens": found, "next": following}


@tokens.post("/tokens")
@validate_request(TokenForm)
@document_response(MadeTokenView, 201)
@located("/api/tokens/{token_id}")
async def create(data: TokenForm) -> tuple[MadeTokenView, int]:
    """Make a token; it wants your password of the last ten minutes (`password_needed`)."""
    days = data.expires_in_days
    lasts = None if days is None else timedelta(days=days)
    async with write() as db:
        made = await make_token(db, data.name, Scope(data.scope), lasts, by=caller())
    return {"token_id": made.id, "token": made.token, "expires_at": made.expires_at}, 201


@tokens.delete("/tokens/<id:token_id>")
async def delete(token_id: int) -> tuple[str, int]:
    """Revoke a token: whoever uses it is signed out."""
    async with write(ending=caller().id) as db:
        await revoke_token(db, token_id, by=caller())
    return "", 204
