"""A foreign key that fails is a bug: the caller's own account is there until the commit."""

import logging
from collections.abc import Awaitable, Callable

import pytest
from quart import Quart
from sqlalchemy import delete, insert

from api.context import Services, caller, write
from model.read_mark import ReadMarks
from model.user import Users
from tests.api.browser import problem
from tests.support.cast import Cast


def after_signing_in(app: Quart, happens: Callable[[], Awaitable[None]]) -> None:
    """It happens within each request from now on: when the caller is known, before the route."""
    app.before_request_funcs[None].append(happens)


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "once"}])
@pytest.mark.own_app
async def test_whose_account_goes_while_a_request_waits_is_not_signed_in(
    app: Quart, services: Services, people: Cast, headers: dict[str, str]
) -> None:
    async def delete_bob() -> None:
        async with services.database.write() as db:
            await db.run(delete(Users).where(Users.id == people.bob.id))

    after_signing_in(app, delete_bob)
    answer = await people.bob.ask("POST", "/api/groups", {"name": "late"}, **headers)
    problem(answer, 401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.own_app
async def test_any_other_row_that_is_missing_is_a_bug_and_logged(
    app: Quart, people: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    @app.post("/api/broken")
    async def broken() -> str:
        async with write() as db:
            wrong = {"user_id": caller().id, "channel_id": 999, "post_id": 1}
            await db.run(insert(ReadMarks), **wrong)
        return ""

    with caplog.at_level(logging.ERROR):
        problem(await people.bob.ask("POST", "/api/broken"), 500, "internal_error")
    assert "StatementFailed" in caplog.text
