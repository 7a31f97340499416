"""The pages: what they say to whoever is not signed in."""

import pytest

from tests.support.cast import Cast
from tests.support.people import Visitor

PAGES = ("/", "/sign-in", "/register")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
async def test_while_nobody_has_an_account_a_page_says_where_the_link_for_the_first_one_is(
    visitor: Visitor,
) -> None:
    for path in PAGES:
        assert "docker compose logs" in (await visitor.get(path)).decode(), path


@on_sqlite
async def test_afterwards_no_page_does(people: Cast) -> None:
    for path in PAGES:
        for somebody in (Visitor(people.bob.client), people.bob):
            assert "docker compose logs" not in (await somebody.get(path)).decode(), path
