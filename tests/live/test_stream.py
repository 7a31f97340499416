"""The same over Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import pytest

from api.context import Services
from api.live import clock
from tests.conftest import Cast
from tests.live.client import LiveClient, Message

WITHIN_S = 10


class Stream:
    """A reader of Server-Sent Events that knows nothing but their specification."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status, self.headers = 0, dict[str, str]()
        self.messages: list[Message] = []
        self.last_id = ""
        self.is_over = False

    async def head(self) -> "Stream":
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        self.headers = {name.lower(): value for name, value in pairs}
        return self

    async def until(self, kind: str, **fields: Any) -> Message:
        seen = 0
        async with asyncio.timeout(WITHIN_S):
            while True:
                for message in self.messages[seen:]:
                    if message["type"] == kind and fields.items() <= message.items():
                        return message
                seen = len(self.messages)
                await self._read()

    async def ended(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not self.is_over:
                await self._read()

    async def _read(self) -> None:
        """One chunk of the body: one message or several in an array."""
        size = int(await self.reader.readline(), 16)
        chunk = (await self.reader.readexactly(size + 2)).decode()
        for line in chunk.splitlines():
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            if name == "data":
                found = json.loads(value)
                self.messages += found if isinstance(found, list) else [found]
        self.is_over = size == 0


@asynccontextmanager
async def streaming(
    url: str, *topics: str, query: str = "", **headers: str
) -> AsyncIterator[Stream]:
    """`headers` are named with underscores for hyphens."""
    port = int(url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = urlencode([("topic", topic) for topic in topics]) + query
    named = {"Host": f"127.0.0.1:{port}", "Accept": "text/event-stream"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET /api/live?{asked} HTTP/1.1", *(f"{n}: {v}" for n, v in named.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        yield await Stream(reader, writer).head()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


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
    async with streaming(url, topic, other, Authorization=bearer(people.bob.token)) as live:
        await live.until("error", topic=other, code="not_found")
        await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
        await live.until("revoked", topic=topic)
        await people.ann.post(people.posts, {"text": "not for bob"})
        await people.bob.delete("/api/sessions/current")
        bye = await live.until("bye")
        assert bye["code"] == 4401
        await live.ended()
        assert not [m for m in live.messages if m["type"] == "event"]


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
        ({"Cookie": "homeroom={token}"}, 403),
        ({"Cookie": "homeroom={token}", "Origin": "http://elsewhere.example"}, 403),
        ({"Cookie": "homeroom={token}", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Cookie": "homeroom={token}", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Cookie": "homeroom={token}", "Origin": "{url}"}, 200),
        ({"Authorization": "Bearer {token}", "Origin": "http://elsewhere.example"}, 200),
        ({"Authorization": "Bearer {token}", "Accept": "application/json"}, 406),
        ({"Authorization": "Bearer {token}", "Last_Event_ID": "77"}, 400),
        ({"Authorization": "Bearer {token}", "Last_Event_ID": '{{"topics": {{"a": "b"}}}}'}, 400),
    ],
)
async def test_who_may_listen(people: Cast, url: str, headers: dict[str, str], status: int) -> None:
    given = {name: value.format(token=people.bob.token, url=url) for name, value in headers.items()}
    async with streaming(url, f"group:{people.group['id']}", **given) as live:
        assert live.status == status


async def test_a_token_in_the_query_signs_nobody_in(people: Cast, url: str) -> None:
    query = "&" + urlencode({"token": people.bob.token, "access_token": people.bob.token})
    async with streaming(url, query=query) as live:
        assert live.status == 401


async def test_silence_is_broken_by_a_ping(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        present = (await ann.subscribe(topic))["present"]
        assert {person["name"] for person in present} == {"Ann", "Bob"}
        await ann.send(type="signal", topic=topic, name="typing")
        heard = await bob.until("signal", name="typing")
        assert heard["from"]["name"] == "Ann"
        await bob.until("presence")
