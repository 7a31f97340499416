"""What is measured, and that it is for whoever has the token."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import pytest

from api.app import create_app
from api.context import services
from api.measuring import states
from api.measuring.meter import Meter, State
from api.settings import Settings
from tests.api.browser import problem
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.exporting import until_made
from tests.support.people import PASSWORD, Visitor
from tests.support.scraping import OPENMETRICS, TOKEN, Figures, figures_of, total
from tests.support.waiting import until

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}

measured = pytest.mark.parametrize("changed_settings", [{"metrics_token": TOKEN}])
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def counted(visitor: Visitor) -> Figures:
    answer = await visitor.ask("GET", "/metrics", Accept=OPENMETRICS, **AUTHORIZED)
    return figures_of(answer.body.decode())


def growth(before: Figures, after: Figures) -> Mapping[str, float]:
    """By how much each sum of all labels has grown; nothing is left out but buckets."""
    names = {name for name, _ in after if not name.endswith("_bucket")}
    return {name: total(after, name) - total(before, name) for name in names}


@on_one_database
async def test_without_a_token_in_the_settings_there_is_no_such_page(
    people: Cast, visitor: Visitor
) -> None:
    problem(await visitor.ask("GET", "/metrics", **AUTHORIZED), 404, "not_found")
    problem(await people.root.ask("GET", "/metrics"), 404, "not_found")


@measured
@on_one_database
async def test_only_the_token_opens_it(people: Cast, visitor: Visitor) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = await visitor.ask("GET", "/metrics", **headers)
        problem(answer, 401, "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    problem(await people.root.ask("GET", "/metrics"), 401, "not_signed_in")


@on_one_database
def test_a_loop_that_wakes_early_is_not_late(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its sum falls below 0, and who reads it refuses the whole page."""
    monkeypatch.setattr(states, "EVERY_S", 0.0014)  # of which uvloop sleeps one millisecond
    loops = pytest.importorskip("uvloop")
    late: list[float] = []

    class Kept(Meter):
        is_measuring = True

        def saw(self, state: State) -> None:
            late.append(state.late_s)

    async def looked() -> None:
        app = create_app(settings, prepared=True)
        async with app.test_app():
            its = services(app)
            looking = asyncio.create_task(states.run(Kept(), its.feed, its.passwords, its.bus))
            await until(lambda: len(late) > 20)
            looking.cancel()

    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(looked())
    assert min(late) >= 0


@measured
@on_one_database
async def test_it_comes_as_text_or_as_openmetrics(visitor: Visitor) -> None:
    text = await visitor.ask("GET", "/metrics", **AUTHORIZED)
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    new = await visitor.ask("GET", "/metrics", Accept=OPENMETRICS, **AUTHORIZED)
    assert new.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert figures_of(new.body.decode())


@measured
@on_one_database
async def test_routes_are_counted_by_their_rules_and_nobody_can_make_more_of_them(
    people: Cast, visitor: Visitor
) -> None:
    for path in ("/health", f"/nowhere/{TOKEN}", "/nowhere/else"):
        await visitor.ask("GET", path)
    await visitor.ask("BREW", "/health")
    await people.bob.get(people.posts)
    figures, requests = await counted(visitor), "homeroom_requests_total"
    assert total(figures, requests, route="/health", method="GET", status="200") == 1
    assert total(figures, requests, route="-", method="other", status="405") == 1
    assert total(figures, requests, route="-", status="404") == 2
    assert total(figures, requests, route="/api/channels/<id:channel_id>/posts") == 1
    assert total(figures, "homeroom_request_seconds_count", route="-") == 3
    assert TOKEN not in str(figures)


@measured
async def test_what_people_do_is_counted(people: Cast, visitor: Visitor, url: str) -> None:
    topic, before = f"channel:{people.channel['id']}", await counted(visitor)
    async with LiveClient(url, people.bob.token) as live:
        seq = (await live.follow(topic))["seq"]
        await people.ann.post(people.posts, {"text": "Good morning!"})
        await live.event(topic, seq + 1)
        meanwhile = await counted(visitor)
        assert (await live.subscribe(topic, after=seq + 99))["reason"] == "epoch"
    await people.ann.upload(b"twelve bytes")
    await visitor.post("/api/sessions", {"username": "ann", "password": PASSWORD})
    async with asyncio.timeout(10):
        while (
            growth(before, after := await counted(visitor))["homeroom_connections_closed_total"] < 1
        ):
            await asyncio.sleep(0.02)
    assert (total(meanwhile, "homeroom_connections"), total(after, "homeroom_connections")) == (
        1,
        0,
    )
    assert total(after, "homeroom_connections_closed_total", code="left") == 1
    assert total(after, "homeroom_resets_total", reason="epoch") == 1
    assert total(after, "homeroom_events_total", kind="post.created") == 1
    grown = growth(before, after)
    for name, by in {
        "connections_opened_total": 1,
        "event_delay_seconds_count": 1,
        "events_delivered_total": 1,
        "uploads_total": 1,
        "uploaded_bytes_total": 12,
        "password_seconds_count": 1,
    }.items():
        assert grown[f"homeroom_{name}"] == by, name
    for name in ("write_seconds", "commit_seconds", "look_seconds"):
        assert grown[f"homeroom_{name}_count"] > 0, name
    is_sqlite = total(after, "homeroom_info", database="sqlite") == 1
    assert (grown["homeroom_commit_units_count"] > 0) == is_sqlite
    assert total(after, "homeroom_disk_free_bytes") < total(after, "homeroom_disk_bytes")


@measured
@on_one_database
async def test_the_moment_of_the_newest_backup_is_known(people: Cast, visitor: Visitor) -> None:
    name, path = "homeroom_last_backup_timestamp_seconds", "/api/admin/backups"
    assert total(await counted(visitor), name) == 0
    made = await until_made(people.root, await people.root.post(path, {}, status=202), path)
    newest = datetime.fromisoformat(made["made_at"]).timestamp()
    async with asyncio.timeout(10):
        while total(await counted(visitor), name) != pytest.approx(newest):
            await asyncio.sleep(0.02)
