"""Rosters: an owner who may makes the accounts of her class at once, after a dry run."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from quart import Blueprint
from quart_schema import document_response, validate_querystring, validate_request
from typing_extensions import TypedDict

from api.account_links import password_link
from api.context import caller, read, write
from api.forms import Email, Form, Name, PageQuery, Username
from api.middleware.errors import wrong_fields
from api.reach import addresses_for_others
from model.errors import Invalid
from model.planned_account import NewPerson, PlannedAccount, plan_accounts
from model.roster import (
    MAX_ENROLLED,
    UnclaimedView,
    enrol,
    find_roster,
    list_unclaimed,
    renew_claim_link,
)
from model.text.csv_table import FORMULA_SIGNS
from model.text.roster_table import RosterRow, read_roster
from model.text.typed import clean_name, clean_text
from model.text.username_proposal import username_like
from model.unclaimed_account import AccountToClaim

rosters = Blueprint("rosters", __name__)


class RosterRowForm(Form):
    """A person as she was typed: what is wrong with her is said in the answer."""

    name: str
    username: str | None = None
    email: str | None = None


class RosterForm(Form):
    """Give `rows`, or `csv`: a table whose first line says name, username and email.

    With `dry_run` nothing is done, and the answer says of each row what would become of it.
    """

    rows: Annotated[list[RosterRowForm], Field(min_length=1, max_length=MAX_ENROLLED)] | None = None
    csv: str | None = None
    dry_run: bool = False


def _no_formula(name: str) -> str:
    if name.startswith(tuple(FORMULA_SIGNS)):
        raise ValueError(f"It begins with {name[0]}, as a formula of a spreadsheet does.")
    return name


class _PersonForm(Form):
    name: Annotated[Name, AfterValidator(_no_formula)]
    username: Username | None
    email: Email | None


class ProblemOfRow(TypedDict):
    """`field` is `row` where it is none of the three."""

    field: str
    detail: str


class RosterRowView(TypedDict):
    """What would become of a row, at a line of the table."""

    line: int
    name: str
    username: str
    is_proposed: bool
    email: str | None
    problems: list[ProblemOfRow]
    notes: list[str]


class DryRunView(TypedDict):
    """`ready` says that all could be enrolled. Columns that say nothing known are named."""

    rows: list[RosterRowView]
    ignored_columns: list[str]
    ready: bool


class ClaimLinkView(TypedDict):
    """Somebody for whom an account was made; the link, shown once, claims it within 14 days.

    It has no host where HOMEROOM_PUBLIC_URL is not set.
    """

    id: int
    name: str
    username: str
    link: str


class ClaimLinkList(TypedDict):
    """`addresses` are where others reach the server, as far as it knows."""

    people: list[ClaimLinkView]
    addresses: list[str]


class UnclaimedList(TypedDict):
    people: list[UnclaimedView]
    next: int | None


@rosters.post("/groups/<id:group_id>/roster")
@validate_request(RosterForm)
@document_response(DryRunView, 200)
@document_response(ClaimLinkList, 201)
async def create(group_id: int, data: RosterForm) -> tuple[DryRunView | ClaimLinkList, int]:
    """Make accounts and let them into your group, all or nobody, as an owner who may."""
    people, ignored = await asyncio.to_thread(read_people, data)
    if data.dry_run:
        async with read() as db:
            group = await find_roster(db, group_id, by=caller())
            planned = await plan_accounts(db, group, people)
        return dry_run(people, planned, ignored), 200
    async with write() as db:
        group = await find_roster(db, group_id, by=caller())
        enrolled = await enrol(db, group, people, by=caller())
    return claim_link_list(enrolled), 201


@rosters.get("/groups/<id:group_id>/roster")
@validate_querystring(PageQuery)
@document_response(UnclaimedList)
async def index(group_id: int, query_args: PageQuery) -> UnclaimedList:
    """Whom your roster has made and who has not set a password yet, as an owner who may."""
    async with read() as db:
        group = await find_roster(db, group_id, by=caller())
        found, following = await list_unclaimed(db, group, query_args.page)
    return {"people": found, "next": following}


@rosters.post("/groups/<id:group_id>/roster/<id:user_id>/link")
@document_response(ClaimLinkList, 201)
async def create_link(group_id: int, user_id: int) -> tuple[ClaimLinkList, int]:
    """Make a new link for one of these; the one before is good for nothing then."""
    async with write() as db:
        renewed = await renew_claim_link(db, group_id, user_id, by=caller())
    return claim_link_list([renewed]), 201


def read_people(data: RosterForm) -> tuple[list[NewPerson], list[str]]:
    """Who is in a roster, and the columns that are ignored. Raises Invalid for what is no table."""
    if (data.rows is None) == (data.csv is None):
        raise Invalid({"rows": "Give either rows or csv."})
    if data.csv is None:
        rows = [
            (f"rows.{at}", RosterRow(at + 1, row.name, row.username or "", row.email or ""))
            for at, row in enumerate(data.rows or ())
        ]
        return [_person(place, row) for place, row in rows], []
    table = read_roster(data.csv)
    if len(table.rows) > MAX_ENROLLED:
        most = f"{MAX_ENROLLED} at most can be enrolled at once"
        raise Invalid({"csv": f"There are {len(table.rows):,} people in it: {most}."})
    return [_person(f"csv.{row.line}", row) for row in table.rows], table.ignored


def _person(place: str, row: RosterRow) -> NewPerson:
    """A row, cleaned and judged as far as it can be by itself."""
    given = {"name": row.name, "username": row.username or None, "email": row.email or None}
    problems = {}
    try:
        said = _PersonForm.model_validate(given).given
    except ValidationError as error:
        problems = wrong_fields(error)
        if not clean_name(row.name):
            problems["name"] = "The name is missing."
        said = {field: typed and clean_text(typed) for field, typed in given.items()}
    if row.surplus:
        problems["row"] = "It has more cells than there are headings."
    return NewPerson(row.line, place, **said, like=username_like(said["name"]), problems=problems)


def dry_run(
    people: Sequence[NewPerson], planned: Sequence[PlannedAccount], ignored: list[str]
) -> DryRunView:
    rows: list[RosterRowView] = [
        {
            "line": one.line,
            "name": one.name,
            "username": account.username,
            "is_proposed": account.is_proposed,
            "email": one.email,
            "problems": [
                {"field": field, "detail": said} for field, said in account.problems.items()
            ],
            "notes": account.notes,
        }
        for one, account in zip(people, planned, strict=True)
    ]
    ready = not any(account.problems for account in planned)
    return {"rows": rows, "ignored_columns": ignored, "ready": ready}


def claim_link_list(accounts: Sequence[AccountToClaim]) -> ClaimLinkList:
    views: list[ClaimLinkView] = [
        {
            "id": one.id,
            "name": one.name,
            "username": one.username,
            "link": password_link(one.token),
        }
        for one in accounts
    ]
    return {"people": views, "addresses": addresses_for_others()}
