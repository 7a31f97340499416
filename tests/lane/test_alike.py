"""The lane answers as Quart would: statuses, headers and bytes are the same."""

import json
from typing import Any

import pytest
from quart import Quart
from werkzeug.datastructures import Headers

from api.lane import lane_of
from api.middleware import limits
from tests.api import test_channels, test_posts
from tests.api.browser import SESSION, problem
from tests.lane.both_ways import ROUTES, ask
from tests.support.cast import Cast
from tests.support.people import Visitor

each_route = pytest.mark.parametrize("route", ROUTES)

# The tables of permissions, asked both ways
test_a_post = test_posts.test_who_may_do_what_with_a_post
test_an_open_channel = test_channels.test_who_may_do_what_in_an_open_channel
test_announcements = test_channels.test_who_may_do_what_in_a_channel_for_announcements
test_a_private_channel = test_channels.test_who_may_do_what_in_a_private_channel_of_mia_and_bob


@pytest.fixture(autouse=True)
async def post(people: Cast) -> None:
    await people.bob.post(people.posts, {"text": "Hello" * 300})


@each_route
async def test_the_hottest_routes_are_in_the_lane(app: Quart, people: Cast, route: str) -> None:
    assert lane_of(app).routes.keys() == ROUTES.keys()
    for more in (
        {},
        {"Accept-Encoding": "gzip"},
        {"X-Request-Id": "given-12345"},
        {"Origin": "https://front.example"},
        {"Origin": "https://Front.Example", "Referer": "https://front.example/"},
    ):
        assert await ask(people.bob, route, headers=more), more


@each_route
async def test_everybody_is_answered_alike(people: Cast, visitor: Visitor, route: str) -> None:
    for who in (people.root, people.ann, people.mia, people.eve, visitor):
        await ask(who, route)


TOKENS = [
    "", "Bearer", "Bearer ", "Bearer wrong", "bearer {token}", "BEARER  {token} ",
    "Basic {token}", "{token}", "Bearer {token} x", "Bearer\u00a0{token}", "Bearer \u00e4",
]  # fmt: skip


@each_route
async def test_any_token_is_answered_alike(people: Cast, route: str) -> None:
    for _ in range(2):  # what is remembered of the first changes nothing
        for token in TOKENS:
            given = token.format(token=people.bob.token)
            await ask(people.bob, route, headers={"Authorization": given})


@each_route
async def test_an_ended_session_is_answered_alike(people: Cast, route: str) -> None:
    await ask(people.bob, route)
    await people.bob.delete("/api/sessions/current")
    for _ in range(2):
        await ask(people.bob, route)
    problem(await people.bob.ask("GET", "/api/me"), 401, "not_signed_in")


HEADERS: list[dict[str, str]] = [
    {"Accept": "text/html"}, {"Accept": "text/html;q=0, */*"}, {"Accept": "application/json"},
    {"Accept": "nonsense"}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip;q=0"},
    {"Accept-Encoding": "*"}, {"Accept-Encoding": "br, ;q=x"}, {"Accept-Language": "de"},
    {"X-Request-Id": "given-12345"}, {"X-Request-Id": "no"}, {"X-Request-Id": "ä" * 9},
    {"Origin": "https://front.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
    {"Referer": "https://evil.example/"}, {"Sec-Fetch-Site": "cross-site"},
    {"Cookie": "homeroom-80=wrong"}, {"Homeroom-User": "1"}, {"Homeroom-User": "x"},
    {"Idempotency-Key": "one"}, {"Idempotency-Key": ""}, {"If-None-Match": "*"},
    {"If-Match": '"1"'}, {"Range": "bytes=0-1"}, {"Expect": "100-continue"},
    {"Access-Control-Request-Method": "GET"}, {"X-Forwarded-For": "198.51.100.1"},
    {"X-Forwarded-Proto": "https"}, {"Host": "evil.example"}, {"Host": ""},
    {"Transfer-Encoding": "chunked"}, {"Content-Length": "x"}, {"Remote-Addr": "192.0.2.2"},
    {"Content-Type": "application/json; charset=utf-8"}, {"Content-Type": "application/ld+json"},
    {"Content-Type": "APPLICATION/JSON"}, {"Content-Type": "text/plain"}, {"Content-Type": ""},
    {"Content-Encoding": "gzip"}, {"X-HTTP-Method-Override": "DELETE"}, {"TE": "trailers"},
]  # fmt: skip


@each_route
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_any_header_is_answered_alike(people: Cast, route: str, scheme: str) -> None:
    for more in HEADERS:
        for peer in ("192.0.2.1", "192.0.2.9"):
            scope = {"client": (peer, 50_000)}
            await ask(people.bob, route, headers=more, scheme=scheme, scope_base=scope)


@each_route
@pytest.mark.parametrize(("scheme", "name"), [("http", SESSION), ("https", "__Host-homeroom-443")])
async def test_any_header_beside_a_cookie_is_answered_alike(
    people: Cast, route: str, scheme: str, name: str
) -> None:
    page = Visitor(people.bob.client, {"Cookie": f"{name}={people.bob.token}"})
    me, others = str(people.bob.id), ({"Homeroom-User": "x"}, {"Cookie": f"{name}=wrong"})
    is_written = route == "posts.create"
    for more in ({}, {"Homeroom-User": me}, {"Origin": "https://front.example"}):
        assert await ask(page, route, scheme=scheme, headers=more) is not is_written, more
    for more in (*HEADERS, *others):
        await ask(page, route, scheme=scheme, headers=more)


@each_route
async def test_a_repeated_header_is_answered_alike(people: Cast, route: str) -> None:
    client: Any = people.bob.client
    method, _, path = ROUTES[route].partition(" ")
    mine, json_type = people.bob.headers["Authorization"], ("Content-Type", "application/json")
    for more in (
        [("Authorization", mine), ("Authorization", people.eve.headers["Authorization"])],
        [("Authorization", "Bearer wrong"), ("Authorization", mine)],
        [("Authorization", mine), json_type, ("Content-Type", "text/plain")],
        [("Authorization", mine), ("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")],
    ):
        headers = Headers([json_type, *more])
        await client.open(path, method=method, headers=headers, data=b'{"text": "Hi"}')


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_version_that_the_client_has_is_answered_alike(people: Cast, encoding: str) -> None:
    tag = (await people.bob.ask("GET", people.posts, Accept_Encoding=encoding)).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*", '"other"', "unreadable", "", '""'):
        headers = {"If-None-Match": known, "Accept-Encoding": encoding}
        assert await ask(people.bob, "posts.index", headers=headers)
    assert (await people.bob.ask("GET", people.posts, If_None_Match=tag)).status == 304


QUERIES = [
    b"", b"limit=1", b"limit=0", b"limit=101", b"limit=x", b"limit=", b"limit", b"limit=1&limit=2",
    b"limit[]=1", b"before=2", b"after=1", b"before=2&after=1", b"before=0", b"unknown=1",
    b"limit=%31", b"limit=%FF", b"l%69mit=1", b"limit=+1", b"limit=1;after=1", b"&&limit=1&", b"=",
    b"\xff=1", b"limit=1_0", b"limit=%00", b"limit=" + b"1" * 5000, b"before=" + b"9" * 18,
    b"before=99999999999999999999", b"&".join(b"p%d=1" % n for n in range(50)),
]  # fmt: skip


@each_route
async def test_any_query_is_answered_alike(people: Cast, route: str) -> None:
    for query in QUERIES:
        await ask(people.bob, route, scope_base={"query_string": query})


IDS = [
    "0", "1", "2", "01", "-1", "+1", "1.0", "x", "", "٣", "1 ", "1%20", "1/", "1//", "1" * 18,
    "1" * 19, "9223372036854775807", "1\n", "1\x00",
]  # fmt: skip


@each_route
async def test_any_address_is_answered_alike(people: Cast, route: str) -> None:
    path = ROUTES[route].partition(" ")[2]
    others = [path.replace("1", name) for name in IDS]
    others += ["/" + path, path + "/", path.upper(), path.replace("/api", "/api/."), "*"]
    for other in others:
        await ask(people.bob, route, scope_base={"path": other})


@each_route
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "get", "X"])
async def test_any_method_is_answered_alike(people: Cast, route: str, method: str) -> None:
    for body in (b"", b'{"text": "Hi"}'):
        await ask(people.bob, route, method=method, data=body)


DEEP = b"[" * 100_000 + b"]" * 100_000
BODIES = [
    b"", b" ", b"null", b"[]", b"{}", b'"text"', b"{", b"\xff", b'{"text": "\xff"}', b'{"text": 1}',
    b'{"text": null}', b'{"text": ""}', b'{"text": " "}', b'{"text": "a", "x": 1}',
    b'{"text": "a", "text": "b"}', b'{"text": "\\ud800"}', b'{"text": "\\u0000"}',
    b'{"text": "a", "parent_id": 1}', b'{"text": "a", "parent_id": 99}',
    b'{"text": "a", "parent_id": "1"}', b'{"text": "a", "parent_id": 0}',
    b'{"text": "a", "file_ids": [99]}', b'{"text": "a", "file_ids": [1, 1]}', b'{"text": NaN}',
    b'{"text": "a", "parent_id": 1e2}', b'{"text": "a", "parent_id": 9223372036854775808}',
    b"\xef\xbb\xbf{}", b'{"text": "a"} x', DEEP, b'{"x": ' + DEEP[:60_000] + DEEP[-60_000:] + b"}",
    json.dumps({"text": "a" * 10_001}).encode(),
    json.dumps({"text": "\U0001f600" * 10_000}).encode(),
    json.dumps({f"f{n}": n for n in range(1000)}).encode(),
    b'{"text": "a"}' + b" " * 65_524, b'{"text": "a"}' + b" " * 128 * 1024,
]  # fmt: skip


async def test_any_body_is_answered_alike(people: Cast) -> None:
    for body in BODIES:
        for announced in (len(body), 2, 200_000):
            length = {"Content-Length": str(announced)}
            await ask(people.bob, "posts.create", headers=length, data=body)
        await ask(people.bob, "posts.create", data=body)


@each_route
async def test_too_many_requests_are_answered_alike(
    people: Cast, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    monkeypatch.setattr(limits, "BURST", 0)
    assert await ask(people.bob, route)
    await ask(people.bob, route, headers={"Accept": "text/html"})
    problem(await people.bob.ask("GET", "/api/me"), 429, "too_many")
