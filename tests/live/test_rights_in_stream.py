"""Every act that takes a right away, from the door where it is done to the socket that loses it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.context import Services
from api.live import clock
from api.live.connection import Connection
from model.database.table import now
from model.live.feed import Feed
from model.session import Sessions
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import PASSWORD

Act = Callable[[Cast], Awaitable[object]]


async def remove_bob(people: Cast) -> None:
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")


async def leave(people: Cast) -> None:
    await people.bob.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")


async def make_private(people: Cast) -> None:
    await people.ann.patch(f"/api/channels/{people.channel['id']}", {"kind": "private"})


async def delete_channel(people: Cast) -> None:
    await people.ann.delete(f"/api/channels/{people.channel['id']}")


async def delete_group(people: Cast) -> None:
    await people.ann.delete(f"/api/groups/{people.group['id']}")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (remove_bob, "removed"),
        (leave, "removed"),
        (make_private, "private"),
        (delete_channel, "deleted"),
        (delete_group, "deleted"),
    ],
)
async def test_who_may_no_longer_read_a_channel_is_told_and_hears_nothing_of_it(
    people: Cast, url: str, act: Act, reason: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        await live.subscribe(f"user:{people.bob.id}")
        await people.ann.post(people.posts, {"text": "for all"})
        await live.event(topic, 1)
        await act(people)
        await people.ann.ask("POST", people.posts, {"text": "secret"})
        revoked = await live.until(lambda m: m["type"] == "revoked" and m["topic"] == topic)
        assert revoked == {"type": "revoked", "topic": topic, "reason": reason}
        again = await live.subscribe(topic)
        assert again["code"] == "not_found"
        await people.bob.patch("/api/me", {"name": "Bob"})
        assert [event["data"]["text"] for event in live.events(topic)] == ["for all"]


@pytest.mark.parametrize("changed_settings", [{"live_ring_events": 1}])
async def test_who_is_behind_when_a_group_is_deleted_is_told_that_it_was(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay, acts = Feed.replay, [delete_group]
    topic = f"channel:{people.channel['id']}"

    async def once_it_is_deleted(self: Feed, *arguments: Any) -> Any:
        while acts:
            await acts.pop()(people)
        return await replay(self, *arguments)

    async with (
        LiveClient(url, people.mia.token) as other,
        LiveClient(url, people.bob.token) as live,
    ):
        await other.hello(topics={topic: 0})
        for text in ("one", "two"):
            await people.ann.post(people.posts, {"text": text})
        await other.event(topic, 2)
        monkeypatch.setattr(Feed, "replay", once_it_is_deleted)
        await live.hello(topics={topic: 0})
        revoked = await live.until(lambda m: m["type"] == "revoked")
        assert revoked == {"type": "revoked", "topic": topic, "reason": "deleted"}
        assert live.events(topic) == []


async def test_a_member_of_a_channel_made_private_goes_on_reading(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as live:
        await live.hello()
        await live.subscribe(topic)
        await make_private(people)
        await people.ann.post(people.posts, {"text": "still here"})
        await live.event(topic, 2)
        assert not [m for m in live.messages if m["type"] == "revoked"]


async def sign_out(people: Cast) -> None:
    await people.bob.delete("/api/sessions/current")


async def disable(people: Cast) -> None:
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})


async def delete_account(people: Cast) -> None:
    await people.bob.delete("/api/me")


async def remove_account(people: Cast) -> None:
    await people.root.delete(f"/api/users/{people.bob.id}")


@pytest.mark.parametrize("act", [sign_out, disable, delete_account, remove_account])
async def test_a_session_that_is_over_closes_its_sockets(people: Cast, url: str, act: Act) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        await act(people)
        await people.ann.post(people.posts, {"text": "secret"})
        assert await live.closed() == 4401
        assert live.events(topic) == []


async def test_a_changed_password_closes_the_sockets_of_other_sessions(
    people: Cast, url: str
) -> None:
    form = {"username": "bob", "password": "correct horse battery", "token": True}
    other = await people.eve.post("/api/sessions", form)
    async with (
        LiveClient(url, people.bob.token) as mine,
        LiveClient(url, other["token"]) as others,
    ):
        await mine.hello()
        await others.hello()
        change = {"old": "correct horse battery", "new": "another long one"}
        await people.bob.put("/api/me/password", change, status=204)
        assert await others.closed() == 4401
        assert (await mine.subscribe(f"user:{people.bob.id}"))["type"] == "subscribed"


async def test_who_is_no_administrator_any_more_does_not_read_the_audit_log(
    people: Cast, url: str
) -> None:
    await people.root.patch(f"/api/users/{people.mia.id}", {"role": "admin"})
    async with LiveClient(url, people.mia.token) as live:
        await live.hello()
        assert (await live.subscribe("admin"))["type"] == "subscribed"
        await people.root.patch(f"/api/users/{people.mia.id}", {"role": "member"})
        revoked = await live.until(lambda m: m["type"] == "revoked")
        assert (revoked["topic"], revoked["reason"]) == ("admin", "role")


async def test_a_session_that_expires_closes_its_sockets(
    people: Cast, url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "EXPIRY_GRACE_S", 0.1)
    soon = now() + timedelta(seconds=0.5)
    async with services.database.write() as db:
        await db.run(update(Sessions).where(Sessions.user_id == people.bob.id), expires_at=soon)
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        assert await live.closed() == 4401


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_socket_stays_open_while_its_session_is_used(
    people: Cast, url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "EXPIRY_GRACE_S", 0.1)
    soon = now() + timedelta(seconds=0.5)
    async with services.database.write() as db:
        await db.run(update(Sessions), expires_at=soon)
    async with LiveClient(url, people.bob.token) as live:
        await live.follow(f"channel:{people.channel['id']}")
        await people.bob.get("/api/me")
        (connection,) = services.feed.readers
        assert isinstance(connection, Connection)
        async with asyncio.timeout(10):
            while connection.caller is None or connection.caller.expires_at == soon:
                await asyncio.sleep(0.02)
        async with services.database.write() as db:
            await db.run(update(Sessions), expires_at=now() + timedelta(days=30))
        await people.ann.post(people.posts, {"text": "You are still here"})
        await live.until(lambda m: m["type"] == "event" and m["kind"] == "post.created")


async def test_a_token_renews_the_sign_in_in_place_for_the_same_user_only(
    people: Cast, url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    session = {"username": "bob", "password": PASSWORD, "token": True}
    newer = await people.bob.post("/api/sessions", session)
    (older,) = [
        session["id"]
        for session in (await people.bob.get("/api/sessions"))["sessions"]
        if session["agent"] == "tests"
    ]
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.subscribe(topic)
        for number, token in enumerate((people.ann.token, "no token", people.bob.token)):
            await live.send(type="token", id=number, token=token)
        answers = [await live.until(lambda m, i=i: m.get("id") == i) for i in range(3)]  # type: ignore[misc]
        assert [answer["type"] for answer in answers] == ["error", "error", "renewed"]
        await live.send(type="token", id="newer", token=newer["token"])
        renewed = await live.until(lambda m: m.get("id") == "newer")
        assert renewed["expires_at"] == newer["expires_at"]
        await people.bob.delete(f"/api/sessions/{older}", Authorization=f"Bearer {newer['token']}")
        written = await people.ann.post(people.posts, {"text": "You are still here"})
        event = await live.until(lambda m: m["type"] == "event" and m["kind"] == "post.created")
        assert event["data"]["id"] == written["id"]
        await people.bob.delete("/api/sessions/current", Authorization=f"Bearer {newer['token']}")
        assert await live.closed() == 4401
