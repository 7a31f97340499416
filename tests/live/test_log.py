"""The log as JSON: the same events, rights and cursors as on the socket."""

from tests.live.client import LiveClient
from tests.support.cast import Cast


async def test_the_log_is_read_page_by_page_as_the_socket_shows_it(people: Cast, url: str) -> None:
    topic = f"channel:{people.channel['id']}"
    for number in range(5):
        await people.ann.post(people.posts, {"text": f"post {number}"})
    first = await people.bob.get(f"/api/topics/{topic}/events?after=1&limit=2")
    assert [event["seq"] for event in first["events"]] == [2, 3]
    assert first["next"] == 3
    assert first["live"]["topics"] == {topic: 3}
    rest = await people.bob.get(f"/api/topics/{topic}/events?after=3")
    assert [event["seq"] for event in rest["events"]] == [4, 5]
    assert rest["next"] is None
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(first["live"])
        await live.event(topic, 5)
        assert live.events(topic) == rest["events"]


async def test_an_empty_log_stands_at_its_beginning(people: Cast) -> None:
    topic = f"channel:{people.channel['id']}"
    found = await people.bob.get(f"/api/topics/{topic}/events")
    assert (found["events"], found["next"]) == ([], None)
    assert found["live"]["topics"] == {topic: 0}


async def test_what_one_may_not_read_is_not_found(people: Cast) -> None:
    for topic in (f"channel:{people.channel['id']}", f"user:{people.ann.id}", "admin", "rights"):
        await people.eve.get(f"/api/topics/{topic}/events", status=404)
    await people.root.get("/api/topics/admin/events")
    await people.root.get("/api/topics/rights/events", status=404)


async def test_a_number_or_an_epoch_that_is_not_of_this_log_is_a_conflict(people: Cast) -> None:
    topic = f"channel:{people.channel['id']}"
    path = f"/api/topics/{topic}/events"
    assert (await people.bob.get(f"{path}?after=9", status=409))["code"] == "reset_epoch"
    assert (await people.bob.get(f"{path}?epoch=other", status=409))["code"] == "reset_epoch"
    epoch = (await people.bob.get(path))["live"]["epoch"]
    await people.bob.get(f"{path}?epoch={epoch}")
    for wrong in ("after=-1", "after=x", "limit=0", "limit=101", f"after={10**30}", "who=me"):
        await people.bob.get(f"{path}?{wrong}", status=400)


async def test_what_was_forgotten_is_a_conflict_and_not_a_silent_gap(people: Cast) -> None:
    path = f"/api/topics/group:{people.group['id']}/events"
    stands_at = (await people.mia.get(path))["live"]["topics"].popitem()[1]
    await people.bob.delete("/api/me")
    assert (await people.mia.get(path, status=409))["code"] == "reset_retention"
    seen = (await people.mia.get(f"{path}?after={stands_at}"))["events"]
    assert [event["kind"] for event in seen] == ["member.anonymised"]
