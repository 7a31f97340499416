"""Two machines with one PostgreSQL and one Redis: who is served by one is heard at the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from quart import Quart

from api.adapters.application import Homeroom
from api.app import assemble, close_connections, set_up
from api.context import Services
from api.context import services as services_of
from api.prove.redis_server import RedisServer
from api.settings import Settings
from model.live import feed, presence, redis_link, workers
from tests.live.client import LiveClient
from tests.live.test_presence import joined, left, who
from tests.live.test_signals import signals
from tests.support.cast import Cast
from tests.support.people import Person
from tests.support.proxy import Proxy
from tests.support.redis import running_redis
from tests.support.serving import serving
from tests.support.waiting import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

OVERVIEW = "/api/admin/overview"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture
def between(redis: RedisServer) -> Iterator[Proxy]:
    """What lies between both machines and Redis."""
    with Proxy(redis.url) as proxy:
        yield proxy


@pytest.fixture
def changed_settings(between: Proxy) -> dict[str, Any]:
    """Those of the first machine."""
    return {"redis_url": between.url, "node": "first", "secret_key": "the same on all machines" * 2}


@pytest.fixture(scope="module")
def another() -> Homeroom:
    return assemble()


@asynccontextmanager
async def machine(app: Homeroom, settings: Settings, **changed: Any) -> AsyncIterator[Homeroom]:
    """Another machine, whose settings differ in some; at the end it stops."""
    own = {"node": "second", "instance": settings.instance.parent / "second", **changed}
    set_up(app, settings.model_copy(update=own), prepared=True)
    async with app.test_app():
        await until(lambda: services_of(app).bus.is_well)
        yield app
    app.while_serving_gens.clear()


@pytest.fixture
async def second(app: Quart, settings: Settings, another: Homeroom) -> AsyncIterator[Homeroom]:
    """Another machine's application, once both are connected."""
    async with machine(another, settings) as second:
        await until(lambda: services_of(app).bus.is_well)
        yield second


@pytest.fixture
async def second_url(second: Homeroom) -> AsyncIterator[str]:
    async with serving(second) as port:
        yield f"http://127.0.0.1:{port}"
        await close_connections(services_of(second))


@pytest.fixture
def only_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking unless somebody hints at it."""
    monkeypatch.setattr(feed, "LOOK_EVERY_S", 60)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis has less time to answer, and who is silent is forgotten sooner."""
    monkeypatch.setattr(redis_link, "_ANSWERS_WITHIN_S", 0.2)
    monkeypatch.setattr(redis_link, "_LONGEST_BACK_OFF_S", 0.2)
    monkeypatch.setattr(presence, "RENEW_S", 0.1)
    monkeypatch.setattr(presence, "EXPIRE_S", 0.5)
    monkeypatch.setattr(workers, "RENEW_S", 0.1)
    monkeypatch.setattr(workers, "EXPIRE_S", 0.5)
    monkeypatch.setattr(presence, "LINGER_S", 0)


def is_there(name: str) -> Any:
    return lambda m: name in who(m.get("present", []) + m.get("joined", []))


@pytest.mark.usefixtures("only_hints")
async def test_events_presence_and_signals_cross_machines_and_come_once(
    people: Cast, url: str, second_url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with (
        LiveClient(url, people.ann.token) as ann,
        LiveClient(url, people.mia.token) as mia,
        LiveClient(second_url, people.bob.token) as bob,
    ):
        for live in (ann, mia):
            await live.follow(topic)
        head = (await bob.follow(topic))["seq"]
        await ann.until(joined("Bob"))
        await bob.until(is_there("Ann"))
        await people.ann.post(people.posts, {"text": "Good morning!"})
        await bob.event(topic, head + 1)
        await ann.send(type="signal", topic=topic, name="typing")
        await bob.until(lambda m: m["type"] == "signal" and m["from"]["name"] == "Ann")
        await bob.send(type="signal", topic=topic, name="typing")
        await ann.until(lambda m: m["type"] == "signal")
        await mia.until(lambda m: m["type"] == "signal" and m["from"]["name"] == "Bob")
        assert [len(signals(live)) for live in (ann, mia, bob)] == [1, 2, 1]


@pytest.mark.usefixtures("only_hints")
async def test_who_is_removed_on_one_machine_hears_nothing_more_on_another(
    people: Cast, second_url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(second_url, people.bob.token) as bob:
        await bob.follow(topic)
        await people.ann.delete(f"/api/groups/{people.group['id']}/members/{people.bob.id}")
        await bob.until(lambda m: m["type"] == "revoked" and m["topic"] == topic)
        await people.ann.post(people.posts, {"text": "Is he gone?"})
        await bob.send(type="ping")
        await bob.until(lambda m: m["type"] == "pong")
        assert bob.events(topic) == []


async def seen_by(admin: Person, *nodes: str) -> set[str]:
    """The codes of what is wrong, once she sees the workers of these machines and of no others."""
    async with asyncio.timeout(10):
        while True:
            seen = await admin.get(OVERVIEW)
            if [worker["node"] for worker in seen["workers"]] == list(nodes):
                return {warning["code"] for warning in seen["warnings"]}
            await asyncio.sleep(0.05)


async def test_administrators_see_all_machines_until_one_stops_and_what_is_wrong_between_them(
    people: Cast, settings: Settings, services: Services, another: Homeroom
) -> None:
    apart = {"files_apart", "keys_differ"}
    async with machine(another, settings):
        assert await seen_by(people.root, "first", "second") & apart == {"files_apart"}
    assert await seen_by(people.root, "first") & apart == set()
    other_key = SecretStr("not the same as on the first machine")
    async with machine(another, settings, secret_key=other_key):
        assert await seen_by(people.root, "first", "second") & apart == apart
    services.settings = settings.model_copy(update={"secret_key": None})  # it lies in the folder
    async with machine(another, settings):
        assert await seen_by(people.root, "first", "second") & apart == set()


@pytest.mark.usefixtures("impatient")
async def test_while_redis_is_away_events_come_by_looking_and_all_heals_when_it_is_back(
    redis: RedisServer,
    people: Cast,
    url: str,
    second_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with (
        LiveClient(url, people.ann.token) as ann,
        LiveClient(second_url, people.bob.token) as bob,
    ):
        await ann.follow(topic)
        head = (await bob.follow(topic))["seq"]
        await ann.until(joined("Bob"))
        redis.close()
        await people.ann.post(people.posts, {"text": "Good morning!"})
        await bob.event(topic, head + 1)
        await ann.until(left(people.bob.id))
        assert "redis_away" in await seen_by(people.root, "first")
        seen = len(ann.messages)
        redis.start()
        await until(lambda: any(map(joined("Bob"), ann.messages[seen:])))
        await ann.send(type="signal", topic=topic, name="typing")
        await bob.until(lambda m: m["type"] == "signal")
        assert "redis_away" not in await seen_by(people.root, "first", "second")
    said = [r.getMessage() for r in caplog.records if r.name == redis_link.__name__]
    assert sum("Redis is away" in line for line in said) == 2, "once at each machine"
    assert sum("Redis is back" in line for line in said) == 2


@pytest.mark.usefixtures("impatient")
async def test_a_redis_that_swallows_everything_holds_up_no_request_and_is_noticed(
    between: Proxy, people: Cast, second: Homeroom, second_url: str
) -> None:
    topic = f"channel:{people.channel['id']}"
    async with LiveClient(second_url, people.bob.token) as bob:
        head = (await bob.follow(topic))["seq"]
        between.go_dark()
        async with asyncio.timeout(20 * redis_link._ANSWERS_WITHIN_S):
            for number in range(1, 21):
                await people.ann.post(people.posts, {"text": f"Post {number}"})
        await bob.event(topic, head + 20)
        await until(lambda: not services_of(second).bus.is_well)
        between.come_back()
        await until(lambda: services_of(second).bus.is_well)
