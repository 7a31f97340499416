"""Two machines with one PostgreSQL and one Redis: who is served by one is heard at the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from api.app import close_connections, create_app
from api.context import services as services_of
from model.live import feed
from tests.live.client import LiveClient
from tests.live.test_presence import joined, who
from tests.support.cast import Cast, settings_of_tests
from tests.support.redis import Redis, running_redis
from tests.support.serving import serving
from tests.support.waiting import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with running_redis() as redis:
        yield redis


@pytest.fixture
def changed_settings(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Those of the first machine. Nothing is found by looking unless somebody hints at it."""
    monkeypatch.setattr(feed, "LOOK_EVERY_S", 60)
    return {"redis_url": redis.url, "node": "first"}


@pytest.fixture
async def second(
    app: Quart, database_url: str, tmp_path: Path, changed_settings: dict[str, Any]
) -> AsyncIterator[Quart]:
    """Another machine's application, once both are connected."""
    changed = {**changed_settings, "node": "second"}
    settings = settings_of_tests(tmp_path / "second", database_url, **changed)
    second = create_app(settings, prepared=True)
    async with second.test_app():
        await until(lambda: all(services_of(node).bus.is_well for node in (app, second)))
        yield second


@pytest.fixture
async def second_url(second: Quart) -> AsyncIterator[str]:
    async with serving(second) as port:
        yield f"http://127.0.0.1:{port}"
        await close_connections(services_of(second))


async def test_an_event_is_hinted_at_and_who_is_there_is_told_across_machines(
    people: Cast, url: str, second_url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with (
        LiveClient(url, people.ann.token) as ann,
        LiveClient(second_url, people.bob.token) as bob,
    ):
        await ann.follow(topic)
        head = (await bob.follow(topic))["seq"]
        await ann.until(joined("Bob"))
        await bob.until(lambda m: "Ann" in who(m.get("present", []) + m.get("joined", [])))
        await people.ann.post(people.posts, {"text": "Good morning!"})
        await bob.event(topic, head + 1)
