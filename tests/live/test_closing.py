"""What the socket refuses: an `error` and the connection stays, or a close code of the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.context import Services
from api.live import clock
from model.database.unit_of_work import READERS
from tests.live.client import LiveClient, cookie_at
from tests.support.cast import Cast

DEEP = "[" * 30_000


async def test_a_wrong_command_is_answered_and_the_connection_stays(people: Cast, url: str) -> None:
    wrong = [
        ({"type": "subscribe", "id": 1}, "invalid"),
        ({"type": "subscribe", "id": 2, "topic": 5}, "invalid"),
        ({"type": "subscribe", "id": 3, "topic": "group:1", "after": "x"}, "invalid"),
        ({"type": "subscribe", "id": 4, "topic": "group:1", "unknown": 1}, "invalid"),
        ({"type": "dance", "id": 5}, "unknown_type"),
        ({"type": "subscribe", "id": 6, "topic": "channel:999"}, "not_found"),
        ({"type": "subscribe", "id": 7, "topic": "rights"}, "not_found"),
        ({"type": "subscribe", "id": 8, "topic": "admin"}, "not_found"),
        ({"type": "subscribe", "id": 9, "topic": "user:1"}, "not_found"),
        ({"type": "subscribe", "id": 10, "topic": "channel:" + "9" * 40}, "not_found"),
        ({"type": "subscribe", "id": 11, "topic": "channel:\0"}, "not_found"),
        ({"type": "subscribe", "id": 15, "topic": "channel:" + "9" * 5000}, "invalid"),
        ({"type": "unsubscribe", "id": 12, "topic": "group:1"}, "not_subscribed"),
        ({"type": "hello", "id": 13}, "greeted_already"),
        ({"type": "subscribe", "id": 14, "topic": "group:1", "after": 10**30}, "invalid"),
    ]
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        for message, code in wrong:
            await live.send(**message)
            answer = await live.until(lambda m, i=message["id"]: m.get("id") == i)  # type: ignore[misc]
            assert (answer["type"], answer["code"]) == ("error", code), message
        await live.send(type="ping")
        await live.until(lambda m: m["type"] == "pong")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4400),
        ("[1, 2]", 4400),
        ('"hello"', 4400),
        ('{"id": 1}', 4400),
        (DEEP, 4400),
        (b"\x00\x01", 4400),
        (b"", 4400),
        (json.dumps({"type": "ping", "x": "y" * 70_000}), 4413),
        ("x" * 300_000, 1009),
    ],
)
async def test_what_is_not_the_protocol_is_closed_with_its_code(
    people: Cast, url: str, frame: str | bytes, code: int
) -> None:
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        await live.socket.send(frame)
        assert await live.closed() == code


async def test_a_reason_and_bye_come_before_the_close(url: str) -> None:
    async with LiveClient(url, "no such token") as live:
        await live.send(type="hello", token="no such token")
        assert await live.closed() == 4401
        assert [message["type"] for message in live.messages] == ["error", "bye"]
        assert live.messages[0]["code"] == "not_signed_in"
        assert live.messages[1]["code"] == 4401


async def test_who_does_not_say_hello_first_is_closed(people: Cast, url: str) -> None:
    async with LiveClient(url, people.bob.token) as live:
        await live.send(type="subscribe", topic=f"group:{people.group['id']}")
        assert await live.closed() == 4401


async def test_who_says_nothing_is_closed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "HELLO_WITHIN_S", 0.2)
    async with LiveClient(url) as live:
        assert await live.closed() == 4401


async def test_who_gives_no_sign_of_life_is_asked_and_then_closed(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "PING_AFTER_S", 0.2)
    monkeypatch.setattr(clock, "GONE_AFTER_S", 2)  # a busy machine may be late, but not so late
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        assert await live.closed() == 4408
        said = [m["type"] for m in live.messages if m["type"] != "welcome"]
        assert said == ["ping", "bye"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_any_frame_is_a_sign_of_life(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "PING_AFTER_S", 0.1)
    monkeypatch.setattr(clock, "GONE_AFTER_S", 3)  # after which it asks whom it has heard again
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        welcomed = len(live.messages)
        for seen in (welcomed, welcomed + 1):
            assert (await live.more(seen))[0]["type"] == "ping"
            await live.send(type="pong")
        assert not live.is_closed


async def test_a_flood_of_commands_is_closed(people: Cast, url: str) -> None:
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()
        for _ in range(100):
            await live.send(type="ping")
        assert await live.closed() == 4429


@pytest.mark.parametrize("changed_settings", [{"live_topics": 2, "live_connections": 2}])
async def test_topics_and_connections_are_bounded(people: Cast, url: str) -> None:
    mine = [f"user:{people.bob.id}", f"group:{people.group['id']}"]
    async with (
        LiveClient(url, people.bob.token) as first,
        LiveClient(url, people.bob.token) as second,
        LiveClient(url, people.bob.token) as third,
    ):
        await first.hello(topics=dict.fromkeys(mine, 0))
        refused = await first.subscribe(f"channel:{people.channel['id']}")
        assert refused["code"] == "too_many_topics"
        await second.hello()
        await third.send(type="hello", token=people.bob.token)
        assert await third.closed() == 4429


async def test_the_cookie_counts_only_with_an_allowed_origin(people: Cast, url: str) -> None:
    cookie = {"Cookie": cookie_at(url, people.bob.token)}
    for origin, expected in ((url, None), ("http://elsewhere.example", 4403), (None, 4403)):
        headers = {**cookie, **({"Origin": origin} if origin else {})}
        async with LiveClient(url, None, **headers) as live:
            await live.send(type="hello")
            if expected is None:
                await live.until(lambda m: m["type"] == "welcome")
            else:
                assert await live.closed() == expected


async def test_a_token_counts_from_any_origin(people: Cast, url: str) -> None:
    async with LiveClient(url, people.bob.token, Origin="http://elsewhere.example") as live:
        await live.hello()


async def test_compression_is_never_negotiated(url: str) -> None:
    async with connect(url.replace("http", "ws") + "/api/live", compression="deflate") as socket:
        assert socket.protocol.extensions == []


async def test_endless_fragments_are_dropped(people: Cast, url: str) -> None:
    async with LiveClient(url, people.bob.token) as live:
        await live.hello()

        async def endless() -> None:
            async def fragments() -> AsyncIterator[str]:
                while True:
                    yield "x" * 10_000
                    await asyncio.sleep(0)

            await live.socket.send(fragments())

        sending = asyncio.create_task(endless())
        assert await live.closed() in {1009, 1006}
        await asyncio.wait([sending])
        assert sending.exception() is not None


async def test_a_socket_that_misses_the_route_is_refused_without_a_bug(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(url.replace("http", "ws") + "/api/nothing")
    assert refused.value.response.status_code == 404
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long until a connection to the database is free."""
    monkeypatch.setattr("model.database.connection.NOBODY_FREE_AFTER_S", 0.2)


@pytest.mark.usefixtures("hurried")
async def test_who_cannot_be_served_just_now_is_told_to_come_back(
    people: Cast, url: str, services: Services
) -> None:
    async with AsyncExitStack() as busy, LiveClient(url, people.bob.token) as live:
        for _ in range(READERS):
            await busy.enter_async_context(services.database.read())
        await live.send(type="hello", token=people.bob.token)
        assert await live.closed(within_s=30) == 1012
        assert live.messages[-1]["retry_after"] > 0
