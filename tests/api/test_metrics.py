"""What is measured is for whoever has the token."""

import pytest

from tests.api.browser import problem
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.scraping import OPENMETRICS, TOKEN, figures_of

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
measured = pytest.mark.parametrize("changed_settings", [{"metrics_token": TOKEN}])


async def test_without_a_token_in_the_settings_there_is_no_such_page(
    people: Cast, visitor: Visitor
) -> None:
    problem(await visitor.ask("GET", "/metrics", **AUTHORIZED), 404, "not_found")
    problem(await people.root.ask("GET", "/metrics"), 404, "not_found")


@measured
async def test_only_the_token_opens_it(people: Cast, visitor: Visitor) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = await visitor.ask("GET", "/metrics", **headers)
        problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    problem(await people.root.ask("GET", "/metrics"), 401, "not_signed_in")


@measured
async def test_it_comes_as_text_or_as_openmetrics(visitor: Visitor) -> None:
    text = await visitor.ask("GET", "/metrics", **AUTHORIZED)
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    new = await visitor.ask("GET", "/metrics", Accept=OPENMETRICS, **AUTHORIZED)
    assert new.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert figures_of(new.body.decode())
