"""For whoever watches the server."""

import asyncio

import pytest
from quart import Quart

from api import readiness
from api.context import Services
from tests.api.browser import SESSION, browser, problem
from tests.support.people import Visitor

READY = "/ready"


async def test_anybody_may_ask_whether_it_lives_and_is_ready(app: Quart, visitor: Visitor) -> None:
    for path in ("/health", READY):
        assert await visitor.get(path) == {"status": "ok"}
        wrong = browser(
            app, headers={"Authorization": "Bearer wrong", "Cookie": f"{SESSION}=wrong"}
        )
        assert (await wrong.ask("GET", path)).status == 200
        assert (await visitor.ask("HEAD", path)).status == 200


on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_one_database
async def test_a_worker_that_cannot_write_to_its_disk_is_not_ready_until_it_can(
    visitor: Visitor, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_FOR_S", -1)
    assert await visitor.get(READY) == {"status": "ok"}
    services.incoming.rmdir()
    services.incoming.touch()
    problem(await visitor.ask("GET", READY), 503, "disk_not_writable")
    services.incoming.unlink()
    assert await visitor.get(READY) == {"status": "ok"}
    assert list(services.incoming.iterdir()) == []


@on_one_database
async def test_a_worker_whose_disk_is_full_is_not_ready(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 2**62)
    answer = await visitor.ask("GET", READY)
    problem(answer, 503, "disk_full")
    assert answer.headers["Retry-After"] == "1"
    assert await visitor.get("/health") == {"status": "ok"}


@on_one_database
async def test_whoever_asks_often_makes_it_look_once(
    visitor: Visitor, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT_FOR_S", 60)
    looks, look = [], services.readiness._missing

    async def counted() -> readiness.NotReady | None:
        looks.append(1)
        return await look()

    monkeypatch.setattr(services.readiness, "_missing", counted)
    await asyncio.gather(*[visitor.get(READY) for _ in range(20)])
    assert len(looks) == 1


@on_one_database
@pytest.mark.parametrize("changed_settings", [{"redis_url": "redis://127.0.0.1:1"}])
async def test_a_worker_that_does_not_hear_the_other_machines_works_on(visitor: Visitor) -> None:
    assert await visitor.get(READY) == {"status": "degraded", "code": "bus_away"}
