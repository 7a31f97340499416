"""The files of the pages: kept by browsers under a version, asked for anew without one."""

import re
from pathlib import Path

import pytest

from api.assets import version_of
from tests.support.cast import Cast
from tests.support.people import Visitor

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEPT = "public, max-age=31536000, immutable"
LOADED = re.compile(r'(?:href|src)="(/(?:static|docs)/[^"]+)"')


@ON_ONE_DATABASE
async def test_what_a_page_loads_is_kept_by_the_browser(visitor: Visitor, people: Cast) -> None:
    for who, path in (
        (visitor, "/"),
        (visitor, "/register"),
        (visitor, "/sign-in"),
        (visitor, "/docs"),
        (people.ann, "/board"),
        (visitor, "/no-such-page"),
    ):
        page = await who.ask("GET", path, Accept="text/html")
        addresses = LOADED.findall(page.body.decode())
        assert len(addresses) > 2, path
        for address in addresses:
            answer = await visitor.ask("GET", address)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, KEPT), address


@ON_ONE_DATABASE
async def test_a_page_elsewhere_asks_each_time_and_hears_that_it_has_it(visitor: Visitor) -> None:
    for name in ("live.js", "outbox.js", "api.js", "live/connection.js"):
        whole = await visitor.ask("GET", f"/static/{name}")
        assert whole.headers["Cache-Control"] == "no-cache"
        known = await visitor.ask("GET", f"/static/{name}", If_None_Match=whole.headers["ETag"])
        assert (known.status, known.body) == (304, b"")


@ON_ONE_DATABASE
async def test_a_page_of_another_version_gets_the_present_file_for_once(visitor: Visitor) -> None:
    present = await visitor.ask("GET", "/static/live.js")
    other = await visitor.ask("GET", "/static/v-0123456789ab/live.js")
    assert (other.status, other.body) == (200, present.body)
    assert other.headers["Cache-Control"] == "no-store"
    missing = await visitor.ask("GET", "/static/v-0123456789ab/no-such.js")
    assert missing.status == 404


@ON_ONE_DATABASE
@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_a_way_that_leads_back_is_no_file(visitor: Visitor, coding: str) -> None:
    for way in ("no-such/../live.js", "live/../live.js", "v-0123456789ab/../live.js"):
        answer = await visitor.ask("GET", f"/static/{way}", Accept_Encoding=coding)
        assert answer.status == 404, way


def test_whoever_edits_a_file_sees_it_with_the_next_page(tmp_path: Path) -> None:
    page = tmp_path / "page.js"
    page.write_text("old")
    old = version_of(tmp_path, 1)
    page.write_text("new")
    assert version_of(tmp_path, 2) != old
    page.write_text("old")
    assert version_of(tmp_path, 3) == old
