"""What a personal access token is good for, route by route, whatever comes with it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.session import Sessions
from tests.api.browser import SESSION, browser, problem
from tests.api.tables import Action, Statuses, rows, tried
from tests.live.client import LiveClient
from tests.live.event_stream import streaming
from tests.support.cast import Cast
from tests.support.people import PASSWORD, Person

GOOD_FOR = """
/api/groups                                    GET POST
/api/groups/{}                                 GET PATCH DELETE
/api/groups/{}/channels                        GET POST
/api/groups/{}/join-code                       POST PATCH DELETE
/api/groups/{}/applications                    GET
/api/groups/{}/applications/{}                 PUT DELETE
/api/me/applications                           GET
/api/me/applications/{}                        DELETE
/api/groups/{}/bans                            GET
/api/groups/{}/bans/{}                         PUT DELETE
/api/groups/{}/members/{}/mute                 PUT DELETE
/api/groups/{}/acts                            GET
/api/groups/{}/reports                         GET
/api/reports/{}                                GET PATCH
/api/me/warnings                               GET
/api/groups/{}/members                         GET
/api/groups/{}/members/{}                      PUT DELETE
/api/memberships                               POST
/api/channels/{}                               GET PATCH DELETE
/api/channels/{}/members/{}                    PUT DELETE
/api/channels/{}/read-mark                     PUT
/api/channels/{}/posts                         GET POST
/api/posts/{}                                  GET PATCH DELETE
/api/posts/{}/replies                          GET
/api/posts/{}/reactions/{}                     PUT DELETE
/api/channels/{}/pins                          GET
/api/posts/{}/pin                              PUT DELETE
/api/posts/{}/reports                          POST
/api/channels/{}/documents                     GET
/api/channels/{}/documents/{}                  GET PUT PATCH DELETE
/api/me/documents                              GET
/api/me/documents/{}                           GET PUT PATCH DELETE
/api/channels/{}/scores                        GET POST
/api/channels/{}/scores.csv                    GET
/api/channels/{}/games                         GET
/api/scores/{}                                 DELETE
/api/files                                     POST
/api/files/{}                                  GET DELETE
/api/files/{}/links                            POST
/api/files/{}/thumbnail                        GET
/api/search                                    GET
/api/me                                        GET
/api/me/mentions                               GET
/api/users                                     GET
/api/users/{}                                  GET
/api/topics/{}/events                          GET
/api/live                                      GET
"""
"""For these a token with `write`, and one with `read` for their GET alone. All else is closed."""

LETS_OTHERS_IN = ("GET", "/api/groups/{}/join-code", "write")
"""This, too: not for one with `read`."""


def good_for() -> set[tuple[str, str]]:
    lines = (line.split() for line in GOOD_FOR.strip().splitlines())
    return {(method, path) for path, *methods in lines for method in methods}


async def token(who: Person, scope: str) -> str:
    made = await who.post("/api/tokens", {"name": "bot", "scope": scope})
    return str(made["token"])


def closed_routes(app: Quart) -> set[tuple[str, str]]:
    """Method and path of what nobody does who is not signed in; `{}` for what is in braces."""
    return {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        if not getattr(app.view_functions[rule.endpoint], "is_public", False) and not rule.websocket
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing gets so far
@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize("way", ["bearer", "cookie"])
async def test_every_route_is_closed_to_tokens_but_for_those_named_here(
    app: Quart, people: Cast, scope: str, way: str
) -> None:
    """Of an administrator's; what it is good for finds nothing: there is no number 999."""
    secret = await token(people.root, scope)
    sent = {"Authorization": f"Bearer {secret}"} if way == "bearer" else {}
    cookies = {SESSION: secret} if way == "cookie" else {SESSION: people.root.token}
    own_page = {"Sec-Fetch-Site": "same-origin"}
    routes = closed_routes(app)
    assert good_for() <= routes
    for method, path in sorted(routes):
        page = browser(app, headers={**sent, **own_page}, cookies=dict(cookies))
        answer = await page.ask(method, path.replace("{}", "999"))
        is_good = (method, path) in good_for() and (method == "GET" or scope == "write")
        is_good |= (method, path, scope) == LETS_OTHERS_IN
        refused = isinstance(answer.body, dict) and answer.body.get("code") == "token_not_enough"
        assert refused is not is_good, (method, path, answer)
        assert answer.status == 403 or is_good, (method, path)
    assert (await people.root.get("/api/me"))["id"] == people.root.id


@rows("""
       me   list  write  edit-own  make-token  sessions  name  password  sign-out
read   200  200   403    403       403         403       403   403       403
write  200  200   201    200       403         403       403   403       403
""")
async def test_a_token_does_what_its_owner_may_in_groups_and_nothing_to_her_account(
    people: Cast, who: str, may: Statuses
) -> None:
    own = await people.bob.post(people.posts, {"text": "mine"})
    bot = Person(people.bob.client, {"Authorization": f"Bearer {await token(people.bob, who)}"})
    again = {"name": "another", "scope": who}
    actions: dict[str, Action] = {
        "me": ("GET", "/api/me", None),
        "list": ("GET", people.posts, None),
        "write": ("POST", people.posts, {"text": "by a program"}),
        "edit-own": ("PATCH", f"/api/posts/{own['id']}", {"text": "edited"}),
        "make-token": ("POST", "/api/tokens", again),
        "sessions": ("GET", "/api/sessions", None),
        "name": ("PATCH", "/api/me", {"name": "Mallory"}),
        "password": ("PUT", "/api/me/password", {"old": PASSWORD, "new": "guessed it right"}),
        "sign-out": ("DELETE", "/api/sessions/current", None),
    }
    assert await tried(bot, actions, may) == may
    assert (await people.bob.get("/api/me"))["name"] == "Bob"


async def test_a_token_of_an_administrator_is_one_of_anybody(people: Cast) -> None:
    """She sees everybody, her program those in her groups; and no page knows it."""
    bot = Person(
        people.root.client, {"Authorization": f"Bearer {await token(people.root, 'write')}"}
    )
    assert [one["username"] for one in (await bot.get("/api/users"))["users"]] == ["root"]
    await bot.get(f"/api/users/{people.bob.id}", 404)
    problem(await bot.ask("GET", "/api/topics/admin/events"), 403, "token_not_enough")
    for page in ("/board", "/account", "/admin"):
        assert (await bot.ask("GET", page)).headers["Location"] == "/sign-in"
    assert "root" not in str(await bot.get("/", Accept="text/html"))


async def test_signing_in_with_the_cookie_of_a_token_begins_a_session_of_its_own(
    app: Quart, people: Cast
) -> None:
    """Whoever had left a token there gets no session by it."""
    left = await token(people.eve, "read")
    page = browser(app, cookies={SESSION: left}, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    assert page.cookies[SESSION] != left
    assert (await page.get("/api/me"))["id"] == people.bob.id
    await page.get("/api/sessions")
    eve = browser(app, headers={"Authorization": f"Bearer {left}"})
    assert (await eve.get("/api/me"))["id"] == people.eve.id
    await eve.get("/api/sessions", 403)


async def follows_unseen(people: Cast, url: str, secret: str) -> dict[str, Any]:
    """What a socket with this token is answered to a signal, while ann looks who is there."""
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, secret) as bot:
        await ann.follow(topic)
        assert "Bob" not in str(await bot.follow(topic))
        await bot.send(type="signal", topic=topic, name="typing")
        answer = await bot.until(lambda m: m["type"] == "error")
        await bot.send(type="token", id="more", token=people.bob.token)
        renewed = await bot.until(lambda m: m.get("id") == "more")
        assert (renewed["type"], renewed["code"]) == ("error", "not_renewed")
        async with LiveClient(url, people.mia.token) as mia:  # who is seen after it
            await mia.follow(topic)
            await ann.until(lambda m: m["type"] == "presence" and "Mia" in str(m))
        assert "Bob" not in str([m for m in ann.messages if m["type"] == "presence"])
        await people.ann.post(people.posts, {"text": "for all who follow"})
        assert (await bot.event(topic, 1))["data"]["text"] == "for all who follow"
        assert not [m for m in ann.messages if m["type"] == "signal"]
    return answer


async def test_a_token_to_read_follows_unseen_and_signals_nothing(people: Cast, url: str) -> None:
    secret = await token(people.bob, "read")
    answer = await follows_unseen(people, url, secret)
    assert answer["code"] == "token_not_enough"
    topic = f"channel:{people.channel['id']}"
    async with streaming(url, topic, Authorization=f"Bearer {secret}") as stream:
        assert "Bob" not in str(await stream.until("subscribed", topic=topic))


@pytest.mark.parametrize("scope", ["read", "write"])
async def test_no_token_follows_the_audit(people: Cast, url: str, scope: str) -> None:
    secret = await token(people.root, scope)
    async with LiveClient(url, secret) as bot:
        await bot.hello()
        refused = await bot.subscribe("admin")
        assert (refused["type"], refused["code"]) == ("error", "token_not_enough")
        assert (await bot.subscribe(f"user:{people.root.id}"))["type"] == "subscribed"
    async with streaming(url, "admin", Authorization=f"Bearer {secret}") as stream:
        await stream.until("error", topic="admin", code="token_not_enough")


async def test_a_socket_ends_with_its_token(people: Cast, url: str) -> None:
    made = await people.bob.post("/api/tokens", {"name": "bot", "scope": "write"})
    async with LiveClient(url, made["token"]) as bot:
        await bot.follow(f"channel:{people.channel['id']}")
        await people.bob.delete(f"/api/tokens/{made['token_id']}")
        assert await bot.closed() == 4401


async def test_who_was_let_in_before_is_refused_when_it_is_over(
    people: Cast, services: Services
) -> None:
    bot = Person(people.bob.client, {"Authorization": f"Bearer {await token(people.bob, 'write')}"})
    await bot.post(people.posts, {"text": "in time"})
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=now() - timedelta(seconds=1))
    await bot.post(people.posts, {"text": "too late"}, 401)
