"""What fails is logged with the names of things, never with what somebody has written."""

import logging
import secrets
from collections.abc import Callable

import pytest
from quart import Quart
from sqlalchemy import Executable, insert, text

from api.context import write
from api.logs import JsonLines
from model.database.table import now
from model.group import Groups
from model.user import ServerRole, Users
from tests.api.browser import problem
from tests.support.cast import Cast

Values = dict[str, object]
Failing = Callable[[str], tuple[Executable, Values]]


def a_name_that_is_taken(written: str) -> tuple[Executable, Values]:
    taken = {"username": "bob", "username_key": "bob", "name": written, "email": None}
    of_account = {"role": ServerRole.MEMBER, "active": True, "password_hash": written}
    return insert(Users), {**taken, **of_account, "created_at": now()}


def a_value_that_is_missing(written: str) -> tuple[Executable, Values]:
    return insert(Groups), {"name": None, "description": written, "created_at": now()}


def another_type(written: str) -> tuple[Executable, Values]:
    return insert(Groups), {"name": "x", "description": "", "created_at": written}


def a_table_that_is_missing(written: str) -> tuple[Executable, Values]:
    return text("SELECT 1 FROM nowhere WHERE name = :name"), {"name": written}


@pytest.mark.parametrize(
    "failing",
    [a_name_that_is_taken, a_value_that_is_missing, another_type, a_table_that_is_missing],
)
@pytest.mark.own_app
async def test_a_statement_that_fails_is_logged_without_what_was_written(
    app: Quart, people: Cast, caplog: pytest.LogCaptureFixture, failing: Failing
) -> None:
    written = secrets.token_hex(8)

    @app.post("/api/broken")
    async def broken() -> str:
        statement, values = failing(written)
        async with write() as db:
            await db.run(statement, **values)
        return ""

    with caplog.at_level(logging.ERROR):
        problem(await people.bob.ask("POST", "/api/broken"), 500, "internal_error")
    (record,) = caplog.records
    line = JsonLines().format(record)
    assert written not in line + caplog.text
    assert "Error" in line
    assert "in broken" in line, "where it was"
