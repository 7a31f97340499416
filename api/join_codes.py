"""The join code of a group: made, shown, limited and withdrawn by its moderators."""

from datetime import timedelta
from typing import Annotated, cast

from pydantic import Field
from quart import Blueprint
from quart_schema import document_response, validate_request

from api.context import caller, read, write
from api.forms import Form
from api.middleware.location import located
from api.reach import addresses_for_others
from model.database.table import now
from model.group import find_group
from model.join_code import (
    JOIN_CODE_LASTS_AT_MOST,
    Admission,
    JoinCodeChanges,
    JoinCodeView,
    change_join_code,
    find_join_code,
    make_join_code,
    withdraw_join_code,
)

join_codes = Blueprint("join_codes", __name__)


class JoinCodeForm(Form):
    """The rules of a code: null lifts a limit. A new one lasts for 30 days unless it is given."""

    expires_in_days: int | None = Field(default=None, ge=1, le=JOIN_CODE_LASTS_AT_MOST.days)
    max_uses: int | None = Field(default=None, ge=1, le=10_000)
    admission: Annotated[Admission, Field(strict=False)] = Admission.CODE

    @property
    def rules(self) -> JoinCodeChanges:
        """What was given."""
        given = self.given
        if "expires_in_days" in given:
            days = given.pop("expires_in_days")
            given["expires_at"] = days and now() + timedelta(days=days)
        return cast(JoinCodeChanges, given)


class ShownJoinCodeView(JoinCodeView):
    """`addresses` are where others reach the server, as far as it knows: links begin with them."""

    addresses: list[str]


@join_codes.get("/groups/<id:group_id>/join-code")
@document_response(ShownJoinCodeView)
async def show(group_id: int) -> ShownJoinCodeView:
    """The code of a group, as often as its moderators like, with how often it was used."""
    async with read() as db:
        group = await find_group(db, group_id, reader=caller())
        return shown(await find_join_code(db, group))


@join_codes.post("/groups/<id:group_id>/join-code")
@validate_request(JoinCodeForm)
@document_response(ShownJoinCodeView, 201)
@located()
async def create(group_id: int, data: JoinCodeForm) -> tuple[ShownJoinCodeView, int]:
    """Make a code that lets others join, as a moderator; it replaces the one before."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        return shown(await make_join_code(db, group, by=caller(), **data.rules)), 201


@join_codes.patch("/groups/<id:group_id>/join-code")
@validate_request(JoinCodeForm)
@document_response(ShownJoinCodeView)
async def update(group_id: int, data: JoinCodeForm) -> ShownJoinCodeView:
    """Limit the code otherwise, or let whoever has it wait for approval; as a moderator."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        return shown(await change_join_code(db, group, by=caller(), **data.rules))


@join_codes.delete("/groups/<id:group_id>/join-code")
async def delete(group_id: int) -> tuple[str, int]:
    """Withdraw the code, as a moderator."""
    async with write() as db:
        group = await find_group(db, group_id, reader=caller())
        await withdraw_join_code(db, group, by=caller())
    return "", 204


def shown(code: JoinCodeView) -> ShownJoinCodeView:
    return {**code, "addresses": addresses_for_others()}
