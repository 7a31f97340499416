"""The pages: what they say to whoever is not signed in, and what their fields say to a phone."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.cast import Cast
from tests.support.people import Visitor

ROOT = Path(__file__).parents[2]
PAGES = ("/", "/sign-in", "/register")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TYPED = {None, "text", "password", "search"}
VERBATIM = {"username", "join_code", "password", "old", "new", None}  # the search has no name


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


@on_sqlite
async def test_a_join_code_is_a_page_for_those_who_moderate_its_group(
    people: Cast, visitor: Visitor
) -> None:
    path = f"/groups/{people.group['id']}/invite"
    code_of = f"/api/groups/{people.group['id']}/join-code"
    code = (await people.ann.post(code_of, {"max_uses": 1}))["join_code"]
    asked = (visitor, people.eve, people.bob, people.mia, people.ann)
    assert [(await who.ask("GET", path)).status for who in asked] == [302, 404, 403, 200, 200]
    page = (await people.mia.get(path)).decode()
    assert f"{code[:5]} {code[5:]}" in page
    assert "Nobody can join" not in page
    await people.eve.post("/api/memberships", {"join_code": code})
    assert "Nobody can join" in (await people.mia.get(path)).decode()
    await people.ann.delete(code_of)
    assert (await people.mia.ask("GET", path)).status == 404


class Fields(HTMLParser):
    """The fields of a template that something is typed into."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") in TYPED and "hidden" not in given:
            self.found.append(given)


@pytest.mark.parametrize("name", ["sign_in", "register", "dialogs", "group_dialogs"])
def test_no_phone_changes_what_is_typed_as_it_is_meant(name: str) -> None:
    found = Fields(ROOT / "templates" / f"{name}.html").found
    assert len(found) > 1
    for field in found:
        assert field.get("autocomplete"), field
        if field.get("name") in VERBATIM:
            assert field.get("autocapitalize") in {"none", "characters"}, field
            assert field.get("spellcheck") == "false", field
            assert field.get("type") == "password" or field.get("autocorrect") == "off", field
