"""The people of the server, as its administrators see and sort them."""

from typing import Annotated, Any

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.context import caller, read, write
from api.forms import Email, Form, Id, Name, Query, Username
from api.middleware.compress import uncompressed
from api.rosters import ClaimLinkList, claim_link_list
from model.account_addition import MAX_ADDED, add_accounts
from model.account_list import AccountOrder, AccountState, AccountView, list_accounts_sorted
from model.database.page import DEFAULT_LIMIT, MAX_LIMIT
from model.database.sorted_page import SortedPage
from model.log.cursor import Live, cursors
from model.log.event import ADMIN_TOPIC
from model.planned_account import NewPerson
from model.text.username_proposal import username_like
from model.user import ServerRole

admin_users = Blueprint("admin_users", __name__)


class SortedQuery(Query):
    """A page of what follows, in the order that is asked for, on the thing with the id `after`."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    after: Id | None = None
    search: str = Field(default="", max_length=80)

    @property
    def page(self) -> SortedPage:
        return SortedPage(self.limit, self.after)

    @property
    def filters(self) -> dict[str, Any]:
        """What is looked for: all but the order and the place in it."""
        return self.model_dump(exclude={"limit", "after", "sort"})


class AccountQuery(SortedQuery):
    sort: AccountOrder = "name"
    state: AccountState | None = None
    role: ServerRole | None = None


class AddedForm(Form):
    """Somebody who is to have an account; without a username one is made of the name."""

    name: Name
    username: Username | None = None
    email: Email | None = None


class AdditionForm(Form):
    people: Annotated[list[AddedForm], Field(min_length=1, max_length=MAX_ADDED)]
    role: Annotated[ServerRole, Field(strict=False)] = ServerRole.MEMBER


class AccountList(TypedDict):
    """`total` is how many match on all pages; `next` is to be given as `after`."""

    users: list[AccountView]
    total: int
    next: int | None
    live: Live


@admin_users.get("/admin/users")
@uncompressed
@validate_querystring(AccountQuery)
@document_response(AccountList)
async def index(query_args: AccountQuery) -> AccountList:
    """Everybody who has an account, as an administrator."""
    async with read() as db:
        found, total, following = await list_accounts_sorted(
            db, query_args.page, query_args.sort, reader=caller(), **query_args.filters
        )
        live = await cursors(db, ADMIN_TOPIC)
    return {"users": found, "total": total, "next": following, "live": live}


@admin_users.post("/admin/users")
@validate_request(AdditionForm)
@document_response(ClaimLinkList, 201)
async def create(data: AdditionForm) -> tuple[ClaimLinkList, int]:
    """Make accounts, all or none, as an administrator; each is claimed by a link, once."""
    people = [
        NewPerson(
            at + 1,
            f"people.{at}",
            one.name,
            one.username,
            one.email,
            like=username_like(one.name),
            problems={},
        )
        for at, one in enumerate(data.people)
    ]
    async with write() as db:
        added = await add_accounts(db, people, data.role, by=caller())
    return claim_link_list(added), 201
