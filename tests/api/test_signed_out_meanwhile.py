"""What was begun before a session ended is not done after it, however long its body takes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from quart import Quart, request
from sqlalchemy import func, select, update

from api.context import Services
from model.channel import find_channel
from model.database.table import now
from model.limit import UPLOAD_LIMIT
from model.log.event import Events
from model.session import (
    Sessions,
    find_caller,
    open_session,
    revoke_other_sessions,
    revoke_session,
)
from model.user import find_account
from tests.api.browser import SESSION, browser, problem
from tests.support.cast import Cast
from tests.support.examples import ask, examples
from tests.support.people import PASSWORD, Person
from tests.support.waiting import until_waiting
from tests.support.world import World

ENDING = ("/api/sessions", "/api/sessions/current")
PUBLIC = {
    "POST /api/account-links", "PUT /api/email-confirmations", "POST /api/password-resets",
    "PUT /api/password-resets", "POST /api/users", "POST /api/sessions",
}  # fmt: skip
TEXT = {"text": "sent too late"}


async def another_session(services: Services, who: Person) -> Person:
    """Hers, beside the one that she has."""
    async with services.database.write() as db:
        session = await open_session(db, await find_account(db, who.id), "tests")
    headers = {"Authorization": f"Bearer {session.token}"}
    return Person(who.client, headers, who.username, who.id, session.token)


async def end_session(services: Services, token: str) -> None:
    async with services.database.write() as db:
        caller = await find_caller(db, token)
        assert caller
        await revoke_session(db, caller.session_id, by=caller)


# Each way in which a session ends


async def signs_out(_: Services, people: Cast, other: Person) -> None:
    del other
    await people.bob.delete("/api/sessions/current")


async def signs_out_elsewhere(_: Services, __: Cast, other: Person) -> None:
    await other.delete("/api/sessions")


async def has_a_new_password(_: Services, __: Cast, other: Person) -> None:
    await other.put("/api/me/password", {"old": PASSWORD, "new": "another horse"}, 204)


async def is_disabled(_: Services, people: Cast, __: Person) -> None:
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})


async def is_removed(_: Services, people: Cast, __: Person) -> None:
    await people.root.delete(f"/api/users/{people.bob.id}")


async def has_an_expired_token(services: Services, _: Cast, __: Person) -> None:
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=now() - timedelta(seconds=1))


class Sending:
    """A request on a socket of its own, whose last byte is held back."""

    def __init__(self, url: str, method: str, path: str, headers: dict[str, str], body: bytes):
        self._address = urlsplit(url)
        sent = {**headers, "Host": "homeroom", "Connection": "close", "Content-Length": len(body)}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._sent = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def begin(self, app: Quart) -> None:
        """All but the last byte; it is known who asks."""
        is_known = asyncio.Event()

        async def note() -> None:
            is_known.set()

        app.before_request_funcs[None].append(note)
        host, port = self._address.hostname, self._address.port
        self._reader, self._writer = await asyncio.open_connection(host, port)
        self._writer.write(self._sent[:-1])
        async with asyncio.timeout(10):
            await is_known.wait()
        app.before_request_funcs[None].remove(note)

    async def end(self) -> tuple[int, Any]:
        """The status and the problem."""
        self._writer.write(self._sent[-1:])
        async with asyncio.timeout(10):
            answer = await self._reader.read()
        self._writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    "happens",
    [
        signs_out,
        signs_out_elsewhere,
        has_a_new_password,
        is_disabled,
        is_removed,
        has_an_expired_token,
    ],
)
async def test_a_post_whose_end_comes_after_its_session_has_ended_is_not_written(
    app: Quart,
    services: Services,
    people: Cast,
    url: str,
    happens: Callable[[Services, Cast, Person], Awaitable[None]],
) -> None:
    other = await another_session(services, people.bob)
    headers = {**people.bob.headers, "Content-Type": "application/json"}
    post = Sending(url, "POST", people.posts, headers, json.dumps(TEXT).encode())
    await post.begin(app)
    await happens(services, people, other)
    status, answer = await post.end()
    assert (status, answer["code"]) == (401, "not_signed_in")
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=now() + timedelta(days=1))
    assert (await people.ann.get(people.posts))["posts"] == []


async def test_a_cookie_of_a_page_that_was_signed_out_meanwhile_writes_nothing(
    app: Quart, people: Cast, url: str
) -> None:
    page = browser(app, headers={"Sec-Fetch-Site": "same-origin"})
    await page.post("/api/sessions", {"username": "bob", "password": PASSWORD})
    headers = {
        "Cookie": f"{SESSION}={page.cookies[SESSION]}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
    }
    post = Sending(url, "POST", people.posts, headers, json.dumps(TEXT).encode())
    await post.begin(app)
    await page.delete("/api/sessions/current")
    assert (await post.end())[0] == 401
    assert (await people.ann.get(people.posts))["posts"] == []


async def test_an_administrator_who_is_none_any_more_finds_nobody_whom_she_could_disable(
    app: Quart, people: Cast, url: str
) -> None:
    await people.root.patch(f"/api/users/{people.eve.id}", {"role": "admin"})
    headers = {**people.eve.headers, "Content-Type": "application/json"}
    path = f"/api/users/{people.bob.id}"
    late = Sending(url, "PATCH", path, headers, b'{"active": false}')
    await late.begin(app)
    await people.root.patch(f"/api/users/{people.eve.id}", {"role": "member"})
    assert (await late.end())[0] == 404
    await people.bob.get("/api/me")


@pytest.mark.own_app
async def test_whoever_is_signed_out_on_the_way_changes_nothing_wherever_she_asks(
    app: Quart, services: Services, people: Cast
) -> None:
    """Each request of each resource once, so it takes longer than others."""
    world, late = World(app, services, people), list[Person]()

    async def happen() -> None:
        if late and request.headers.get("Authorization") == late[0].headers["Authorization"]:
            await end_session(services, late.pop().token)

    app.before_request_funcs[None].append(happen)
    for example in examples():
        if example.operation in PUBLIC:
            continue
        who = await world.person(example.by[0])
        asked = await world.request(example, who)
        again = await another_session(services, who)
        await again.get("/api/me")
        late.append(again)
        answer = await ask(again, asked)
        assert answer.status == 401, (example.operation, answer)
        problem(answer, 401, "not_signed_in")
        async with services.database.read() as db:
            made = select(func.count()).where(Events.tx == answer.body["request_id"])
            assert await db.scalar_one(made) == 0, example.operation


async def test_whoever_was_signed_out_uses_up_nothing_that_the_account_may_do(
    services: Services, people: Cast
) -> None:
    """Not even with requests that are refused before anybody asks who sends them."""
    stolen = await another_session(services, people.bob)
    await stolen.get("/api/me")
    await people.bob.delete("/api/sessions")
    for path in ("/api/me/avatar", "/api/me/password"):
        answers = [await stolen.ask("PUT", path, {}) for _ in range(UPLOAD_LIMIT.burst + 5)]
        assert [answer.status for answer in answers[1:]] == [401] * (len(answers) - 1), path
    await people.bob.upload(b"bob's own")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_being_written_is_done_before_a_sign_out_is_answered(
    services: Services, people: Cast
) -> None:
    async with services.database.write() as db:
        caller = await find_caller(db, people.ann.token)
        assert caller
        await find_channel(db, people.channel["id"], reader=caller)
        writing = asyncio.create_task(people.bob.post(people.posts, TEXT))
        await until_waiting(services, {writing})
        leaving = asyncio.create_task(people.bob.delete("/api/sessions/current"))
        await until_waiting(services, {writing, leaving})
    assert (await writing)["text"] == TEXT["text"]
    await leaving


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_comes_while_somebody_is_signed_out_waits_and_is_refused(
    services: Services, people: Cast
) -> None:
    async with services.database.write() as db:
        await revoke_other_sessions(db, people.bob.id, but=None, by=people.root.id)
        writing = asyncio.create_task(people.bob.ask("POST", people.posts, TEXT))
        await until_waiting(services, {writing})
    problem(await writing, 401, "not_signed_in")


async def test_two_who_sign_each_other_out_while_they_write_never_wait_for_each_other(
    services: Services, people: Cast
) -> None:
    """Nothing is answered by 503, which is how a deadlock ends."""
    for _ in range(5):
        pages = [await another_session(services, people.bob) for _ in range(3)]
        asked = [page.ask("DELETE", path) for page in pages for path in ENDING]
        asked += [page.ask("PATCH", "/api/me", {"name": "Bob"}) for page in pages]
        asked += [page.ask("PUT", "/api/me/documents/x", {}) for page in pages]
        asked += [people.root.ask("PATCH", f"/api/users/{people.bob.id}", {"active": False})]
        answers = await asyncio.gather(*asked)
        assert {answer.status for answer in answers} <= {200, 201, 204, 401}
        await people.root.patch(f"/api/users/{people.bob.id}", {"active": True})
