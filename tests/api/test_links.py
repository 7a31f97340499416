"""Signed links to files: for one file, of one session, as long as that may read it."""

from urllib.parse import urlsplit

import pytest

from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.api.test_files import CONTENT, carried
from tests.support.cast import Cast
from tests.support.people import Visitor
from tests.support.pictures import png
from tests.support.stores import ON_EVERY_STORE

pytestmark = ON_EVERY_STORE


def in_link(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@rows("""
       bytes  head  thumbnail  links
root   401    401   401        401
eve    401    401   401        401
bob    200    200   200        401
ann    200    200   200        401
mia    200    200   200        401
""")
async def test_a_signed_link_shows_what_whoever_made_it_may_read(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    """Whoever may not read the file cannot make one; here everybody tries with what was made."""
    post = await carried(people, people.mia, "open", png())
    path, maker = f"/api/files/{post['files'][0]['id']}", people.named(who)
    made = await maker.ask("POST", f"{path}/links")
    assert (made.status == 201) is (may["bytes"] == 200)
    query = urlsplit(made.body["url"]).query if made.status == 201 else "signature="
    actions = {
        "bytes": ("GET", f"{path}?{query}", None),
        "head": ("HEAD", f"{path}?{query}", None),
        "thumbnail": ("GET", f"{path}/thumbnail?size=64&{query}", None),
        "links": ("POST", f"{path}/links?{query}", None),
    }
    assert await tried(visitor, actions, may) == may


async def test_a_link_makes_nobody_somebody_else_afterwards(people: Cast, visitor: Visitor) -> None:
    file = await people.mia.upload(CONTENT)
    of_mia = in_link((await people.mia.post(f"/api/files/{file['id']}/links"))["url"])
    for who in (visitor, people.bob):
        assert (await who.ask("GET", of_mia)).body == CONTENT
    written = await people.bob.post(people.posts, {"text": "mine"})
    assert written["author"]["id"] == people.bob.id
    problem(await visitor.ask("POST", people.posts, {"text": "whose?"}), 401, "not_signed_in")


async def test_a_link_is_for_one_file_and_cannot_be_changed(people: Cast, visitor: Visitor) -> None:
    file, other = await people.bob.upload(CONTENT), await people.bob.upload(b"other")
    links = await people.bob.post(f"/api/files/{file['id']}/links")
    path, _, query = in_link(links["url"]).partition("?")
    assert (await visitor.ask("GET", f"{path}?{query}")).body == CONTENT
    given = dict(part.split("=") for part in query.split("&"))
    for wrong in (
        {**given, "until": str(int(given["until"]) + 1)},
        {**given, "session": str(int(given["session"]) + 1)},
        {**given, "signature": "0" * 64},
        {**given, "signature": ""},
        {"signature": given["signature"]},
        {**given, "until": "x"},
    ):
        changed = "&".join(f"{name}={value}" for name, value in wrong.items())
        problem(await visitor.ask("GET", f"{path}?{changed}"), 401, "not_signed_in")
    problem(await visitor.ask("GET", f"/api/files/{other['id']}?{query}"), 401, "not_signed_in")


async def test_a_link_ends_with_the_right_the_session_and_after_ten_minutes(
    people: Cast, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await carried(people, people.mia, "open")
    path = f"/api/files/{post['files'][0]['id']}/links"
    of_bob, of_ann = [in_link((await who.post(path))["url"]) for who in (people.bob, people.ann)]
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
    problem(await visitor.ask("GET", of_bob), 404, "not_found")
    await visitor.get(of_ann)
    await people.ann.delete("/api/sessions/current")
    problem(await visitor.ask("GET", of_ann), 401, "not_signed_in")
    of_mia = in_link((await people.mia.post(path))["url"])
    until = int(of_mia.partition("until=")[2].partition("&")[0])
    await visitor.get(of_mia)
    for moment in (until + 1.0, until - 365 * 86_400.0):  # a clock that was ahead has made it
        monkeypatch.setattr("time.time", lambda moment=moment: moment)
        problem(await visitor.ask("GET", of_mia), 401, "not_signed_in")


@pytest.mark.parametrize("changed_settings", [{"public_url": "https://class.example.org"}])
async def test_a_link_leads_to_where_people_reach_the_server(people: Cast) -> None:
    file = await people.bob.upload(CONTENT)
    links = await people.bob.post(f"/api/files/{file['id']}/links")
    assert links["url"].startswith("https://class.example.org/api/files/")
