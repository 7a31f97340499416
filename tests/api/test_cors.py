"""Front ends on other origins, and pages that ask with somebody else's cookie (CSRF)."""

import secrets

import pytest
from quart import Quart

from api.middleware.auth import public
from api.middleware.cookies import DEVICE_LASTS_S
from api.settings import Settings
from tests.api.browser import SESSION, Browser, browser, problem
from tests.support.cast import Cast
from tests.support.people import PASSWORD

FRONT, EVIL = "https://pages.example.org", "https://evil.example.org"
BOB = {"username": "bob", "password": PASSWORD}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    origins = [FRONT, "http://localhost:5173"]
    public_url = "https://class.example.org"
    return settings.model_copy(update={"origins": origins, "public_url": public_url})


def listed(value: str) -> set[str]:
    return {part.strip() for part in value.split(",")}


async def test_a_preflight_of_a_configured_origin_is_answered_before_anything_else(
    app: Quart,
) -> None:
    for path in ("/api/me", "/api/groups/7/members/8", "/api/nothing"):
        answer = await browser(app).ask(
            "OPTIONS", path, Origin=FRONT, Access_Control_Request_Method="PATCH"
        )
        assert answer.status == 204
        headers = answer.headers
        assert headers["Access-Control-Allow-Origin"] == FRONT
        assert headers["Access-Control-Allow-Credentials"] == "true"
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= listed(
            headers["Access-Control-Allow-Methods"]
        )
        assert {
            "Authorization", "Content-Type", "If-Match", "If-None-Match", "Homeroom-User",
            "Idempotency-Key", "Last-Event-ID",
        } <= listed(headers["Access-Control-Allow-Headers"])  # fmt: skip
        assert "Origin" in listed(headers["Vary"])


async def test_whoever_asks_what_an_address_takes_is_told_so_and_nothing_else(
    app: Quart, people: Cast
) -> None:
    """Signed in or not, and whether the thing is there or not."""
    for rule in app.url_map.iter_rules():
        given = dict.fromkeys(rule.arguments, 1)
        path = app.url_map.bind("localhost").build(rule.endpoint, given)
        told = []
        for headers in ({}, people.bob.headers, {"Authorization": "Bearer nonsense"}):
            answer = await browser(app, headers=headers).ask("OPTIONS", path)
            assert (answer.status, answer.body) == (204, b""), path
            assert (rule.methods or set()) <= listed(answer.headers["Allow"]), path
            answer.headers.pop("X-Request-Id")
            told.append(dict(answer.headers))
        assert told[0] == told[1] == told[2], path
    problem(await browser(app).ask("OPTIONS", "/api/nothing"), 404, "not_found")


async def test_other_origins_get_no_cors_headers(app: Quart) -> None:
    for origin in (
        EVIL, "null", f"{FRONT}.evil.org", f"{FRONT}:8443", "http://pages.example.org", "*", "",
        "https://sub.pages.example.org", f"{FRONT}/", f"{FRONT},{EVIL}",
    ):  # fmt: skip
        preflight = await browser(app).ask(
            "OPTIONS", "/api/me", Origin=origin, Access_Control_Request_Method="GET"
        )
        plain = await browser(app).ask("GET", "/api/me", Origin=origin)
        for answer in (preflight, plain):
            assert "access-control" not in str(answer.headers).lower(), origin
            assert "Origin" in listed(answer.headers["Vary"]), "caches keep them apart"


@pytest.mark.usefixtures("people")
@pytest.mark.own_app
async def test_errors_carry_the_cors_headers_too(app: Quart) -> None:
    @app.get("/api/broken")
    @public
    async def broken() -> str:
        raise ValueError

    page = browser(app, headers={"Origin": FRONT})
    for method, path, status in (
        ("GET", "/api/me", 401), ("GET", "/api/nothing", 404), ("PUT", "/api/me", 405),
        ("POST", "/api/sessions", 400), ("GET", "/api/broken", 500),
    ):  # fmt: skip
        answer = await page.ask(method, path)
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == FRONT
        assert {
            "ETag", "Idempotency-Replayed", "Location", "Retry-After", "X-Request-Id",
        } <= listed(answer.headers["Access-Control-Expose-Headers"])  # fmt: skip


async def test_an_origin_is_compared_without_case(app: Quart) -> None:
    answer = await browser(app).ask("GET", "/api/me", Origin="https://Pages.Example.ORG")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://Pages.Example.ORG"


SAME, CROSS, SITE, NONE = "same-origin", "cross-site", "same-site", "none"


ASKED = [
    # origin, Sec-Fetch-Site, with a cookie, with a token, is let in
    # With a cookie, the browser has to say that the page is ours
    ("http://localhost", None, True, False, True),
    ("http://localhost", SAME, True, False, True),
    ("https://class.example.org", None, True, False, True),
    (FRONT, CROSS, True, False, True),
    (None, SAME, True, False, True),
    (None, None, True, False, False),
    (None, CROSS, True, False, False),
    (None, SITE, True, False, False),
    (None, NONE, True, False, False),
    (EVIL, CROSS, True, False, False),
    # Behind a proxy that changes `Host`, only the browser knows
    ("https://class.at.a.proxy", SAME, True, False, True),
    ("https://localhost", SAME, False, False, True),
    ("https://localhost", SITE, True, False, False),
    # Without one, a page that is not ours may not sign anybody in either
    (None, None, False, False, True),
    ("http://localhost", None, False, False, True),
    (EVIL, None, False, False, False),
    ("null", None, False, False, False),
    # Who holds a token is no browser that was led astray
    (EVIL, CROSS, True, True, True),
    (None, None, True, True, True),
    ("null", CROSS, False, True, True),
]


async def test_a_page_that_is_not_ours_may_not_act(app: Quart, people: Cast) -> None:
    signed_in = browser(app)
    await signed_in.post("/api/sessions", BOB)
    for row in ASKED:
        origin, fetch_site, with_cookie, with_token, is_let_in = row
        given = {"Origin": origin, "Sec-Fetch-Site": fetch_site}
        headers = {name: value for name, value in given.items() if value is not None}
        headers |= people.bob.headers if with_token else {}
        page = browser(app, headers=headers, cookies=signed_in.cookies if with_cookie else {})
        name = {"name": "Bob"}
        acts = [await page.ask("POST", "/api/sessions", {"username": "", "password": ""})]
        if with_cookie or with_token:
            acts += [
                await page.ask("PATCH", "/api/me", name),
                await page.ask("PUT", f"/api/posts/{2**40}/reactions/👍"),
            ]
            assert (await page.ask("GET", "/api/me")).status == 200, "reading changes nothing"
        refused = [answer.body.get("code") == "origin_not_allowed" for answer in acts]
        assert refused == [not is_let_in] * len(acts), row
        if not is_let_in:
            problem(acts[0], 403, "origin_not_allowed")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_page_elsewhere_that_is_refused_is_told_of_once_with_the_setting(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    own, front, unknown = "http://localhost", FRONT, f"https://{secrets.token_hex(4)}.example.org"
    for origin in (own, front, unknown):
        page = browser(app, headers={"Origin": origin})
        for method in ("OPTIONS", "GET", "POST", "POST"):
            await page.ask(method, "/api/me", Access_Control_Request_Method="GET")
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [f"refused the origin {unknown!r}: HOMEROOM_ORIGINS does not name it"]


async def test_a_forged_registration_signs_nobody_in(app: Quart) -> None:
    body = {"username": "zoe", "name": "Zoe", "password": PASSWORD}
    answer = await browser(app).ask("POST", "/api/users", body, Origin=EVIL)
    problem(answer, 403, "origin_not_allowed")
    assert "Set-Cookie" not in answer.headers


def attributes(cookie: str) -> tuple[str, set[str]]:
    name, *rest = cookie.split("; ")
    return name.partition("=")[0], {part for part in rest if not part.startswith("Expires=")}


EMBEDDED = {"Origin": FRONT, "Sec-Fetch-Site": "cross-site"}
ON_OUR_SITE = {"Origin": FRONT, "Sec-Fetch-Site": "same-site"}
PLAIN = {"HttpOnly", "Path=/", "SameSite=Lax"}
PARTITIONED = {"HttpOnly", "Path=/", "Secure", "SameSite=None", "Partitioned"}
COOKIES: list[tuple[str, dict[str, str], str, set[str]]] = [
    ("http", {}, "homeroom-80", PLAIN),
    ("http", EMBEDDED, "homeroom-80", PLAIN),
    ("https", {}, "__Host-homeroom-443", PLAIN | {"Secure"}),
    ("https", ON_OUR_SITE, "__Host-homeroom-443", PLAIN | {"Secure"}),
    ("https", EMBEDDED, "__Host-homeroom-embedded-443", PARTITIONED),
]


async def test_the_cookie_fits_the_page_and_signs_it_in_and_out(app: Quart, people: Cast) -> None:
    for scheme, headers, name, flags in COOKIES:
        page = browser(app, scheme=scheme, headers=dict(headers))
        answer = await page.ask("POST", "/api/sessions", BOB)
        cookie, of_device = answer.headers.getlist("Set-Cookie")
        assert attributes(cookie) == (name, flags)
        assert attributes(of_device) == (f"{name}-device", flags | {f"Max-Age={DEVICE_LASTS_S}"})
        assert (await page.get("/api/me"))["id"] == people.bob.id
        page.headers.setdefault("Sec-Fetch-Site", "same-origin")
        (cookie,) = (await page.ask("DELETE", "/api/sessions/current")).headers.getlist(
            "Set-Cookie"
        )
        assert attributes(cookie) == (name, flags | {"Max-Age=0"})
        await page.get("/api/me", status=401)


@pytest.mark.usefixtures("people")
async def test_the_cookie_of_the_other_scheme_is_not_looked_at(app: Quart) -> None:
    page = browser(app)
    await page.post("/api/sessions", BOB)
    token = page.cookies[SESSION]

    async def status(scheme: str, name: str) -> int:
        asked = Browser(page.client, scheme=scheme, cookies={name: token})
        return (await asked.ask("GET", "/api/me")).status

    for port in ("-80", "-443", ""):
        assert await status("https", f"homeroom{port}") == 401
        assert await status("http", f"__Host-homeroom{port}") == 401
    assert await status("https", "__Host-homeroom-443") == 200
    assert await status("https", "__Host-homeroom-embedded-443") == 200
