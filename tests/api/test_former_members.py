"""Who has left a group, and is then called something else or deleted, is shown there as she is."""

from typing import Any

from api.context import Services
from model.log.retention import Retention, prune
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Person

Seen = list[tuple[str, Any]]


async def come(people: Cast, who: Person) -> None:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await who.post("/api/memberships", {"join_code": code["join_code"]})


async def leave_and_be_called(people: Cast, who: Person, name: str) -> None:
    await who.delete(f"/api/groups/{people.group['id']}/members/{who.id}")
    await who.patch("/api/me", {"name": name})


async def seen(reader: Person, topic: str) -> Seen:
    """The kinds of its events, and which names these tell."""
    events = (await reader.get(f"/api/topics/{topic}/events"))["events"]
    return [(event["kind"], event["data"].get("name")) for event in events]


async def test_who_has_left_is_called_by_her_present_name_where_she_wrote(people: Cast) -> None:
    group, channels = f"group:{people.group['id']}", f"/api/groups/{people.group['id']}/channels"
    await come(people, people.eve)
    others = [await people.ann.post(channels, {"name": name}) for name in ("games", "quiet")]
    games, quiet = [f"channel:{channel['id']}" for channel in others]
    score = {"game": "snake", "points": 7}
    await people.eve.post(f"/api/channels/{others[0]['id']}/scores", score)
    await people.eve.post(people.posts, {"text": "@bob, look"})
    await people.eve.patch("/api/me", {"name": "Eva"})
    await leave_and_be_called(people, people.eve, "Evita")
    told: Seen = [("person.changed", "Eva"), ("person.changed", "Evita")]
    for topic in (f"channel:{people.channel['id']}", games, f"user:{people.bob.id}"):
        assert (await seen(people.bob, topic))[-2:] == told, topic
    assert await seen(people.bob, quiet) == []
    assert (await seen(people.bob, group))[-1] == ("member.left", None)
    (post,) = (await people.bob.get(people.posts))["posts"]
    assert post["author"] == {"id": people.eve.id, "name": "Evita", "avatar": None}
    await come(people, people.eve)
    await people.eve.patch("/api/me", {"name": "Eve"})
    assert (await seen(people.bob, games))[-1] == told[-1]
    assert (await seen(people.bob, group))[-1] == ("member.changed", "Eve"), "now the group tells"


async def test_nobody_learns_of_a_private_channel_by_the_name_of_who_wrote_there(
    people: Cast,
) -> None:
    await come(people, people.eve)
    body = {"name": "secret", "kind": "private"}
    secret = await people.ann.post(f"/api/groups/{people.group['id']}/channels", body)
    for who in (people.eve, people.bob):
        await people.ann.put(f"/api/channels/{secret['id']}/members/{who.id}", None, 204)
    await people.eve.post(f"/api/channels/{secret['id']}/posts", {"text": "@ann and @bob"})
    await people.ann.delete(f"/api/channels/{secret['id']}/members/{people.bob.id}")
    topics = [f"group:{people.group['id']}", f"channel:{people.channel['id']}"]
    topics += [f"user:{people.bob.id}"]
    before = [await seen(people.bob, topic) for topic in topics]
    await leave_and_be_called(people, people.eve, "Evita")
    before[0] += [("member.left", None)]
    assert [await seen(people.bob, topic) for topic in topics] == before
    for topic in (f"channel:{secret['id']}", f"user:{people.ann.id}"):
        assert (await seen(people.ann, topic))[-1] == ("person.changed", "Evita"), topic


async def test_who_follows_what_a_former_member_wrote_long_ago_hears_of_her_deletion(
    people: Cast, url: str, services: Services
) -> None:
    await come(people, people.eve)
    await people.eve.post(people.posts, {"text": "@mia, goodbye"})
    post = await people.ann.post(people.posts, {"text": "Goodbye!"})
    await people.eve.put(f"/api/posts/{post['id']}/reactions/👍")
    await leave_and_be_called(people, people.eve, "Evita")
    await prune(services.database, Retention(events=0))
    async with LiveClient(url, people.bob.token) as bob, LiveClient(url, people.mia.token) as mia:
        await bob.hello((await people.bob.get(people.posts))["live"])
        await mia.hello((await people.mia.get("/api/me/mentions"))["live"])
        await people.eve.delete("/api/me")
        for live in (bob, mia):
            await live.until(lambda m: m["type"] == "reset")
    goodbye, hers = (await people.bob.get(people.posts))["posts"]
    assert (goodbye["reactions"], hers["author"]) == ([], None)
    (mention,) = (await people.mia.get("/api/me/mentions"))["mentions"]
    assert mention["by"] is None
