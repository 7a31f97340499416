"""Behind a proxy: what it says of the client counts, what a client says of itself does not."""

import pytest
from quart import Quart
from werkzeug.datastructures import Headers

from api.settings import Settings
from tests.api.browser import Browser, browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD

PROXY, ANOTHER_PROXY, CLIENT = "10.0.0.2", "10.0.0.3", "203.0.113.9"
BOB = {"username": "bob", "password": PASSWORD}
WRONG_CODE = {"join_code": "0000000000"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"trusted_proxies": ["10.0.0.0/24", "fd00::/8"]})


async def cookie_name(page: Browser) -> str:
    await page.post("/api/sessions", BOB)
    name, _ = page.cookies
    return name


@pytest.mark.usefixtures("people")
async def test_the_scheme_is_that_of_the_last_trusted_proxy(app: Quart) -> None:
    for address, proto, name in (
        (PROXY, "https", "__Host-homeroom-443"),
        (PROXY, "http, https", "__Host-homeroom-443"),
        (PROXY, "https, http", "homeroom-80"),
        (PROXY, "http", "homeroom-80"),
        (PROXY, "", "homeroom-80"),
        (PROXY, "nonsense", "homeroom-80"),
        ("fd00::1", "https", "__Host-homeroom-443"),
        (f"::ffff:{PROXY}", "https", "__Host-homeroom-443"),
        (CLIENT, "https", "homeroom-80"),
        ("no address", "https", "homeroom-80"),
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
    answer = await page.ask("POST", "/api/memberships", WRONG_CODE)
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
    in_two_lines = [("X-Forwarded-For", CLIENT), ("X-Forwarded-For", ANOTHER_PROXY)]
    refused = await people.bob.client.post(
        "/api/memberships",
        json=WRONG_CODE,
        headers=Headers([*people.bob.headers.items(), *in_two_lines]),
        scope_base={"client": (PROXY, 50_000)},
    )
    assert refused.status_code == 429
    assert await tries_left(people, app, PROXY, f"{CLIENT}, 198.51.100.7")
    assert await tries_left(people, app, PROXY, None)


@pytest.mark.parametrize(
    ("spellings", "neighbour"),
    [
        ([CLIENT, f"{CLIENT}:51234", f'"{CLIENT}:7"', f"::ffff:{CLIENT}"], "203.0.113.10:51234"),
        ([f"{CLIENT}:1", f"[::ffff:{CLIENT}]:51234"], "[::ffff:203.0.113.10]:51234"),
        (["2001:db8:1:2::a", "[2001:DB8:1:2::]:51", '"[2001:db8:1:2::c]"'], "[2001:db8:1:3::a]:51"),
        (["fe80::1%eth0", "[fe80::2%wlan0]:80"], CLIENT),
    ],
)
async def test_a_client_is_counted_once_however_its_address_is_written(
    app: Quart, people: Cast, spellings: list[str], neighbour: str
) -> None:
    for n in range(20):
        assert await tries_left(people, app, PROXY, spellings[n % len(spellings)])
    for spelling in spellings:
        assert not await tries_left(people, app, PROXY, spelling)
        assert not await tries_left(people, app, PROXY, f"{spelling}, {ANOTHER_PROXY}:8080")
    assert await tries_left(people, app, PROXY, neighbour)


async def test_what_is_no_address_counts_for_the_proxy_that_says_it(
    app: Quart, people: Cast
) -> None:
    strange = ["", ",", "unknown", "_hidden", "unix:", "\xff", "x" * 5000, "1", "256.1.1.1:80", "["]
    for n in range(20):
        assert await tries_left(people, app, PROXY, strange[n % len(strange)])
    for garbage in strange:
        assert not await tries_left(people, app, ANOTHER_PROXY, f"{garbage}, {PROXY}:8080")
    assert not await tries_left(people, app, PROXY, f"{CLIENT}, unknown")
    assert await tries_left(people, app, PROXY, CLIENT)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("people")
async def test_the_cookie_is_named_for_the_port_that_the_browser_sees(app: Quart) -> None:
    outside = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "class.example.org:8443"}
    for address, name in ((PROXY, "__Host-homeroom-8443"), (CLIENT, "homeroom-8080")):
        page = browser(app, address=address, headers={"Host": "inside:8080", **outside})
        assert await cookie_name(page) == name


@pytest.mark.usefixtures("people")
async def test_ones_own_page_is_known_by_the_host_that_the_proxy_names(app: Quart) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "class.example.org"}
    origin = {"Origin": "https://class.example.org"}
    page = browser(app, address=PROXY, headers={**forwarded, **origin})
    await page.post("/api/sessions", BOB)
    await page.patch("/api/me", {"name": "Robert"})
    forged = browser(app, address=CLIENT, headers={**forwarded, **origin})
    problem(await forged.ask("POST", "/api/sessions", BOB), 403, "origin_not_allowed")
