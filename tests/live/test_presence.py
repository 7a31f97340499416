"""Who is there: people, not connections."""

from typing import Any

import pytest

from model.live import presence
from tests.live.client import LiveClient
from tests.support.cast import Cast


def who(people: list[dict[str, Any]]) -> set[str]:
    return {person["name"] for person in people}


def joined(name: str) -> Any:
    return lambda m: m["type"] == "presence" and name in who(m.get("joined", []))


def left(user_id: int) -> Any:
    return lambda m: m["type"] == "presence" and user_id in m.get("left", [])


async def test_who_follows_is_there_and_who_comes_is_announced(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann:
        assert who((await ann.follow(topic))["present"]) == {"Ann"}
        async with LiveClient(url, people.bob.token) as bob:
            assert "Bob" in who((await bob.follow(topic))["present"])
            await bob.until(lambda m: "Ann" in who(m.get("present", []) + m.get("joined", [])))
            announced = await ann.until(joined("Bob"))
            assert {"id": people.bob.id, "name": "Bob", "avatar": None} in announced["joined"]
            assert announced["topic"] == topic


async def test_who_goes_is_shown_a_while_longer_and_then_has_left(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LINGER_S", 1)
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann:
        await ann.follow(topic)
        async with LiveClient(url, people.bob.token) as bob:
            await bob.follow(topic)
            await ann.until(joined("Bob"))
        async with LiveClient(url, people.mia.token) as mia:
            assert who((await mia.follow(topic))["present"]) == {"Ann", "Bob", "Mia"}
        await ann.until(left(people.bob.id))


async def test_a_reload_is_no_farewell_and_tabs_of_one_person_count_once(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann:
        await ann.follow(topic)
        async with LiveClient(url, people.bob.token) as bob:
            await bob.follow(topic)
            await ann.until(joined("Bob"))
            async with LiveClient(url, people.bob.token) as tab:
                assert who((await tab.follow(topic))["present"]) == {"Ann", "Bob"}
        async with LiveClient(url, people.bob.token) as bob:
            await bob.follow(topic)
            monkeypatch.setattr(presence, "LINGER_S", 0)
            async with LiveClient(url, people.mia.token) as mia:
                await mia.follow(topic)
                await ann.until(joined("Mia"))
            await ann.until(left(people.mia.id))
        changes = [m for m in ann.messages if m["type"] == "presence"]
        assert sum("Bob" in who(change.get("joined", [])) for change in changes) == 1


async def test_who_has_lost_the_right_is_not_there_any_more(
    people: Cast, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LINGER_S", 0)
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        await ann.follow(topic)
        await bob.follow(topic)
        await ann.until(joined("Bob"))
        await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
        await ann.until(left(people.bob.id))


async def test_a_new_name_is_shown_at_once(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(url, people.ann.token) as ann, LiveClient(url, people.bob.token) as bob:
        await ann.follow(topic)
        await bob.follow(topic)
        await ann.until(joined("Bob"))
        await people.bob.patch("/api/me", {"name": "Robert"})
        await ann.until(joined("Robert"))
        await bob.send(type="signal", topic=topic, name="typing")
        heard = await ann.until(lambda m: m["type"] == "signal")
        assert heard["from"]["name"] == "Robert"


async def test_ones_own_topic_tells_nobody_who_is_there(people: Cast, url: str) -> None:
    async with LiveClient(url, people.ann.token) as ann:
        assert "present" not in await ann.follow(f"user:{people.ann.id}")
