"""The same over Server-Sent Events."""

import asyncio
import json
from urllib.parse import urlencode

import pytest

from api.context import Services
from api.live import clock
from tests.live.client import LiveClient, cookie_at
from tests.live.event_stream import WITHIN_S, streaming
from tests.support.cast import Cast


def bearer(token: str) -> str:
    return f"Bearer {token}"


async def test_events_come_as_on_the_socket_and_the_last_id_resumes(people: Cast, url: str) -> None:
    topic, mine = f"channel:{people.channel['id']}", f"user:{people.bob.id}"
    authorization = bearer(people.bob.token)
    async with streaming(url, topic, mine, Authorization=authorization) as live:
        assert (live.status, live.headers["content-type"]) == (200, "text/event-stream")
        welcome = await live.until("welcome")
        await live.until("subscribed", topic=topic, seq=0)
        await live.until("subscribed", topic=mine)
        await people.ann.post(people.posts, {"text": "one\ntwo"})
        event = await live.until("event", topic=topic, seq=1)
        assert event["data"]["text"] == "one\ntwo"
        stand = json.loads(live.last_id)
        assert stand["epoch"] == welcome["epoch"]
        assert stand["topics"][topic] == 1
        assert mine in stand["topics"]
    for text in ("missed", "missed too"):
        await people.ann.post(people.posts, {"text": text})
    again = {"Last_Event_ID": live.last_id, "Authorization": authorization}
    async with streaming(url, topic, mine, **again) as live:
        await live.until("event", seq=3)
        events = [m for m in live.messages if m["type"] == "event"]
        assert [event["seq"] for event in events] == [2, 3]
    query = "&" + urlencode({"last_event_id": json.dumps(stand)})
    async with streaming(url, topic, query=query, Authorization=authorization) as live:
        await live.until("event", seq=2)


async def test_rights_that_are_taken_away_end_it_here_too(people: Cast, url: str) -> None:
    topic, other = f"channel:{people.channel['id']}", "channel:999"
    mine, authorization = f"user:{people.bob.id}", bearer(people.bob.token)
    async with streaming(url, topic, mine, other, Authorization=authorization) as live:
        await live.until("error", topic=other, code="not_found")
        await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
        await live.until("revoked", topic=topic)
        await people.ann.post(people.posts, {"text": "not for bob"})
        await people.bob.delete("/api/sessions/current")
        bye = await live.until("bye")
        assert bye["code"] == 4401
        await live.ended()
        assert json.loads(live.last_id)["topics"].keys() == {mine}, "it is known where it stood"
        assert not [m for m in live.messages if m["type"] == "event" and m["topic"] == topic]


async def test_a_number_of_another_log_is_reset(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    stand = json.dumps({"epoch": "another", "topics": {topic: 0}})
    authorization = bearer(people.bob.token)
    async with streaming(url, topic, Authorization=authorization, Last_Event_ID=stand) as live:
        await live.until("reset", topic=topic, reason="epoch")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nobody"}, 401),
        ({"Cookie": "{cookie}"}, 403),
        ({"Cookie": "{cookie}", "Origin": "http://elsewhere.example"}, 403),
        ({"Cookie": "{cookie}", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Cookie": "{cookie}", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Cookie": "{cookie}", "Origin": "{url}"}, 200),
        ({"Authorization": "Bearer {token}", "Origin": "http://elsewhere.example"}, 200),
        ({"Authorization": "Bearer {token}", "Accept": "application/json"}, 406),
        ({"Authorization": "Bearer {token}", "Last_Event_ID": "77"}, 400),
        ({"Authorization": "Bearer {token}", "Last_Event_ID": '{{"topics": {{"a": "b"}}}}'}, 400),
        ({"Authorization": "Bearer {token}", "Last_Event_ID": '{{"x":' + "[" * 5000}, 400),
        ({"Cookie": "{cookie}", "Referer": "{url}/board"}, 200),
        ({"Cookie": "{cookie}", "Referer": "http://elsewhere.example/"}, 403),
    ],
)
async def test_who_may_listen(people: Cast, url: str, headers: dict[str, str], status: int) -> None:
    known = {"token": people.bob.token, "cookie": cookie_at(url, people.bob.token), "url": url}
    given = {name: value.format(**known) for name, value in headers.items()}
    async with streaming(url, f"group:{people.group['id']}", **given) as live:
        assert live.status == status


async def test_a_token_in_the_query_signs_nobody_in(people: Cast, url: str) -> None:
    query = "&" + urlencode({"token": people.bob.token, "access_token": people.bob.token})
    async with streaming(url, query=query) as live:
        assert live.status == 401


async def test_a_topic_that_the_last_id_does_not_name_was_reset(people: Cast, url: str) -> None:
    topic, mine = f"channel:{people.channel['id']}", f"user:{people.bob.id}"
    epoch = (await people.bob.get(people.posts))["live"]["epoch"]
    stand = json.dumps({"epoch": epoch, "topics": {topic: 0}})
    again = {"Last_Event_ID": stand, "Authorization": bearer(people.bob.token)}
    async with streaming(url, topic, mine, **again) as live:
        await live.until("reset", topic=mine, reason="epoch")
        await live.until("subscribed", topic=topic)


async def test_no_name_of_a_topic_is_longer_than_one_can_be(people: Cast, url: str) -> None:
    async with streaming(url, "x" * 65, Authorization=bearer(people.bob.token)) as live:
        assert live.status == 400


async def test_who_leaves_before_the_answer_holds_nothing(
    people: Cast, url: str, services: Services
) -> None:
    port = int(url.rpartition(":")[2])
    lines = [
        "GET /api/live HTTP/1.1",
        "Host: x",
        "Accept: text/event-stream",
        f"Authorization: Bearer {people.bob.token}",
    ]
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    await people.bob.get("/api/me")
    async with asyncio.timeout(WITHIN_S):
        while services.connections or services.feed.readers:
            await asyncio.sleep(0.01)


async def test_silence_is_broken_by_a_ping(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "HELLO_WITHIN_S", 0.2)
    monkeypatch.setattr(clock, "PING_AFTER_S", 0.1)
    monkeypatch.setattr(clock, "GONE_AFTER_S", 0.3)
    async with streaming(url, Authorization=bearer(people.bob.token)) as live:
        for pings in range(1, 8):
            while sum(message["type"] == "ping" for message in live.messages) < pings:
                await asyncio.wait_for(live._read(), WITHIN_S)


async def test_who_leaves_is_forgotten_and_who_asks_for_the_head_only_holds_nothing(
    people: Cast, url: str, services: Services
) -> None:
    async with streaming(url, Authorization=bearer(people.bob.token)) as live:
        await live.until("welcome")
        assert len(services.connections) == 1
    async with asyncio.timeout(WITHIN_S):
        while services.connections or services.feed.readers:
            await asyncio.sleep(0.01)
    head = await people.bob.ask("HEAD", "/api/live", Accept="text/event-stream")
    assert head.status == 200
    assert not services.connections


async def test_it_ends_politely_when_the_server_stops(
    people: Cast, url: str, services: Services
) -> None:
    async with streaming(url, Authorization=bearer(people.bob.token)) as live:
        await live.until("welcome")
        for connection in services.connections:
            connection.stop(among=100)
        bye = await live.until("bye")
        assert bye["code"] == 1012
        assert bye["retry_after"] >= 0
        await live.ended()


async def test_who_listens_is_present_and_hears_signals(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with (
        LiveClient(url, people.ann.token) as ann,
        streaming(url, topic, Authorization=bearer(people.bob.token)) as bob,
    ):
        await bob.until("subscribed", topic=topic)
        await ann.hello()
        await ann.subscribe(topic)
        await ann.until(
            lambda m: "Bob" in [p["name"] for p in m.get("present", []) + m.get("joined", [])]
        )
        await ann.send(type="signal", topic=topic, name="typing")
        heard = await bob.until("signal", name="typing")
        assert heard["from"]["name"] == "Ann"
        await bob.until("presence")
