"""Whatever is sent: an answer in the one shape of errors, never a 500, never HTML under /api."""

import logging

import pytest
from quart import Quart

from api.middleware.auth import public
from tests.api.browser import browser, problem
from tests.support.cast import Cast

BODIES = {
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "not JSON": b"text=hello",
    "half of it": b'{"text": "hel',
    "two of them": b'{"text": "a"} {"text": "b"}',
    "deeply nested": b'{"text": ' + b"[" * 7_000 + b"]" * 7_000 + b"}",
    "deep objects": b'{"text": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}",
    "never closed": b"[" * 16_000,
    "not a number": b'{"text": NaN}',
    "infinite": b'{"text": -Infinity}',
    "too large a number": b'{"text": "x", "parent_id": 1e999}',
    "10 ** 400": b'{"text": "x", "parent_id": 1' + b"0" * 400 + b"}",
    "10 ** 10000": b'{"text": "x", "parent_id": 1' + b"0" * 10_000 + b"}",
    "2 ** 63": b'{"text": "x", "parent_id": 9223372036854775808}',
    "-2 ** 70": b'{"text": "x", "parent_id": -1180591620717411303424}',
    "NUL": b'{"text": "\\u0000"}',
    "raw NUL": b'{"text": "a\x00b"}',
    "lone surrogate": b'{"text": "\\ud800"}',
    "swapped surrogates": b'{"text": "\\udc00\\ud800"}',
    "surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "NUL as a key": b'{"text": "x", "\\u0000": 1}',
    "list": b"[]",
    "string": b'"text"',
    "number": b"7",
    "null": b"null",
    "byte order mark": b'\xef\xbb\xbf{"text": 7}',
    "empty object": b"{}",
    "nothing": b"",
}  # fmt: skip


async def test_no_body_whatever_it_is_breaks_anything(app: Quart, people: Cast) -> None:
    page = browser(app, headers=people.bob.headers)
    for what, body in BODIES.items():
        for method, path in (
            ("POST", people.posts), ("POST", "/api/users"), ("POST", "/api/sessions"),
            ("POST", "/api/groups"), ("POST", "/api/memberships"), ("PUT", "/api/me/password"),
            ("PUT", f"/api/channels/{people.channel['id']}/read-mark"),
        ):  # fmt: skip
            answer = await page.ask(method, path, body)
            assert problem(answer, 400, "invalid")["fields"], (what, path)
    assert (await people.bob.get(people.posts))["posts"] == []


async def test_every_wrong_field_is_named_at_once(app: Quart) -> None:
    body = {"username": "z", "name": "", "password": 7, "email": "x", "token": "", "colour": 1}
    answer = await browser(app).ask("POST", "/api/users", body)
    fields = problem(answer, 400, "invalid")["fields"]
    assert fields.keys() == body.keys()
    assert all(fields.values())


async def test_only_json_is_taken(app: Quart, people: Cast) -> None:
    page = browser(app, headers=people.bob.headers)
    for content_type in (
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/xml", "", "nonsense", "application/jsonx",
    ):  # fmt: skip
        answer = await page.ask("POST", people.posts, b'{"text": "x"}', Content_Type=content_type)
        problem(answer, 415, "unsupported_media_type")
    for content_type in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        answer = await page.ask("POST", people.posts, b'{"text": "x"}', Content_Type=content_type)
        assert answer.status == 201


async def test_under_api_nothing_is_html_and_nothing_redirects(app: Quart, people: Cast) -> None:
    page = browser(app, headers={**people.bob.headers, "Accept": "text/html"})
    ids = (
        "0",
        "-1",
        "x",
        "1.0",
        "9" * 18,
        str(2**63),
        str(10**18),
        "9" * 5000,
        "%00",
        "\uff11",
        "../me",
    )
    paths = [
        "/api", "/api/", "/api/nothing", "/api//me", "/api/me//", "/api/\xff", "/api/live",
        "/api/posts/1/reactions/", "/api/posts/1/reactions/a/b", "/api/sessions/current/x",
        *(f"/api/posts/{bad}" for bad in ids),
        *(f"/api/channels/{bad}/posts" for bad in ids),
        *(f"/api/posts/{bad}/reactions/👍" for bad in ids),
        *(f"/api/groups/{people.group['id']}/members/{bad}" for bad in ids),
    ]  # fmt: skip
    for path in paths:
        for method in ("GET", "PUT", "DELETE", "PATCH", "POST"):
            answer = await page.ask(method, path)
            assert answer.status in {400, 404, 405, 406}, (method, path, answer)
            problem(answer, answer.status, answer.body["code"])


async def test_a_method_that_is_not_taken_is_told_which_are(app: Quart) -> None:
    answer = await browser(app).ask("PUT", "/api/me")
    problem(answer, 405, "method_not_allowed")
    allowed = set(answer.headers["Allow"].split(", "))
    assert allowed == {"GET", "HEAD", "OPTIONS", "PATCH", "DELETE"}
    problem(await browser(app).ask("BREW", "/api/me"), 405, "method_not_allowed")


async def test_no_host_header_breaks_anything(app: Quart, people: Cast) -> None:
    page = browser(app, headers=people.bob.headers)
    for host in ("a..b", "\xff", "x" * 300, "[::1", "a b", "a:b:c", "", ".", "x:99999"):
        answer = await page.ask("GET", "/api/me", Host=host)
        assert answer.status in {200, 400}, (host, answer)


@pytest.mark.own_app
async def test_a_bug_shows_the_requests_id_and_nothing_else(
    app: Quart, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/api/broken")
    @public
    async def broken() -> str:
        raise ValueError("the secret of line 7")

    given = "from-the-client-1"
    page = browser(app, headers={"Accept": "text/html", "X-Request-Id": given})
    with caplog.at_level(logging.ERROR):
        answer = await page.ask("GET", "/api/broken")
    body = problem(answer, 500, "internal_error")
    assert "secret" not in str(answer) and "ValueError" not in str(answer)  # noqa: PT018
    assert body["request_id"] == given
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [(record.name, record.request_id) for record in logged] == [  # type: ignore[attr-defined] # given as extra
        ("api.middleware.errors", given)
    ]


async def test_a_request_id_of_a_client_is_kept_only_when_it_is_harmless(app: Quart) -> None:
    for given, kept in (
        ("abc-DEF_123.4", True),
        ("short", False),
        ("x" * 65, False),
        ("a b c d e", False),
    ):
        answer = await browser(app).ask("GET", "/api/nothing", X_Request_Id=given)
        assert (answer.headers["X-Request-Id"] == given) is kept


async def test_answers_of_the_api_are_not_stored_and_never_sniffed(people: Cast) -> None:
    for path in ("/api/me", "/api/nothing"):
        answer = await people.bob.ask("GET", path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
