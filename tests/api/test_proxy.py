"""Behind a proxy: what it says of the client counts, what a client says of itself does not."""

import pytest
from quart import Quart

from api.settings import Settings
from tests.api.browser import Browser, browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD

PROXY, ANOTHER_PROXY, CLIENT = "10.0.0.2", "10.0.0.3", "203.0.113.9"
BOB = {"username": "bob", "password": PASSWORD}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"trusted_proxies": ["10.0.0.0/24", "fd00::/8"]})


async def cookie_name(page: Browser) -> str:
    await page.post("/api/sessions", BOB)
    (name,) = page.cookies
    return name


@pytest.mark.usefixtures("people")
async def test_the_scheme_is_that_of_the_last_trusted_proxy(app: Quart) -> None:
    for address, proto, name in (
        (PROXY, "https", "__Host-homeroom"),
        (PROXY, "http, https", "__Host-homeroom"),
        (PROXY, "https, http", "homeroom"),
        (PROXY, "http", "homeroom"),
        (PROXY, "", "homeroom"),
        (PROXY, "nonsense", "homeroom"),
        ("fd00::1", "https", "__Host-homeroom"),
        (f"::ffff:{PROXY}", "https", "__Host-homeroom"),
        (CLIENT, "https", "homeroom"),
        ("no address", "https", "homeroom"),
    ):
        page = browser(app, address=address, headers={"X-Forwarded-Proto": proto})
        assert await cookie_name(page) == name, (address, proto)


async def test_https_is_insisted_on_where_it_is_used(app: Quart) -> None:
    page = browser(app, address=PROXY, headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" in (await page.ask("GET", "/health")).headers
    assert "Strict-Transport-Security" not in (await browser(app).ask("GET", "/health")).headers


async def tries_left(people: Cast, app: Quart, address: str, forwarded: str | None) -> bool:
    """Whether bob may try a join code from there."""
    headers = dict(people.bob.headers)
    if forwarded is not None:
        headers["X-Forwarded-For"] = forwarded
    page = browser(app, address=address, headers=headers)
    answer = await page.ask("POST", "/api/memberships", {"join_code": "0000000000"})
    assert answer.status in {400, 429}
    return answer.status == 400


async def test_the_client_is_the_last_address_that_no_proxy_of_ours_has_added(
    app: Quart, people: Cast
) -> None:
    for n in range(20):
        spoofed = f"198.51.100.{n}, {CLIENT}"
        assert await tries_left(people, app, PROXY, spoofed)
    assert not await tries_left(people, app, PROXY, f"198.51.100.99,{CLIENT}")
    assert not await tries_left(people, app, PROXY, f"{CLIENT}, {ANOTHER_PROXY}")
    assert not await tries_left(people, app, CLIENT, None)
    assert not await tries_left(people, app, CLIENT, "198.51.100.7"), "nobody speaks for himself"
    assert await tries_left(people, app, PROXY, f"{CLIENT}, 198.51.100.7")
    assert await tries_left(people, app, PROXY, None)
    for strange in ("", ",", "unknown", f"{CLIENT}:4711", "\xff", "x" * 5000):
        assert await tries_left(people, app, PROXY, strange)


@pytest.mark.usefixtures("people")
async def test_ones_own_page_is_known_by_the_host_that_the_proxy_names(app: Quart) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "class.example.org"}
    origin = {"Origin": "https://class.example.org"}
    page = browser(app, address=PROXY, headers={**forwarded, **origin})
    await page.post("/api/sessions", BOB)
    await page.patch("/api/me", {"name": "Robert"})
    forged = browser(app, address=CLIENT, headers={**forwarded, **origin})
    problem(await forged.ask("POST", "/api/sessions", BOB), 403, "origin_not_allowed")
