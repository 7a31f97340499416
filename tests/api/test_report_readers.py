"""To whom a report is disclosed: by role, and in a private channel by who belongs to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from quart import Quart

from api.context import Services
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.test_reports import BECAUSE, RUDE, moderation, reported, reports, told
from tests.support.cast import Cast
from tests.support.people import Person
from tests.test_statements import counted

Everybody = Mapping[str, Person]

CASES: list[tuple[str, Sequence[str], Sequence[str]]] = [
    # by whom, in an open channel or in a private one of these, who sees it
    ("bob", (), ("ann", "zoe", "mia", "max")),
    ("mia", (), ("ann", "zoe")),
    ("ann", (), ("zoe",)),
    ("bob", ("mia", "bob"), ("mia",)),
    ("bob", ("mia", "zoe", "bob"), ("mia", "zoe")),
    ("mia", ("mia", "max", "bob"), ("ann", "zoe")),
    ("mia", ("mia", "ann", "bob"), ("ann",)),
    ("ann", ("ann", "mia", "bob"), ("zoe",)),
    ("bob", ("bob",), ("ann", "zoe")),
]
OF_ONLY_OWNER: list[tuple[str, Sequence[str], Sequence[str]]] = [
    ("ann", (), ("ann",)),
    ("ann", ("mia", "ann"), ("ann",)),
    ("mia", (), ("ann",)),
]


@pytest.fixture
async def everybody(app: Quart, services: Services, people: Cast) -> Everybody:
    """Two owners, two moderators, and two members."""
    roles = {"zoe": "owner", "max": "moderator", "tom": "member"}
    company = Company(app, services, people)
    others = {name: await company.member(name, role) for name, role in roles.items()}
    return {"ann": people.ann, "mia": people.mia, "bob": people.bob, **others}


async def channel_of(people: Cast, everybody: Everybody, members: Sequence[str]) -> Any:
    """An open channel, or a private one of some members, and of tom, who reports."""
    path = f"/api/groups/{people.group['id']}/channels"
    maker = everybody["zoe" if "zoe" in members or "mia" not in members else "mia"]
    channel = await maker.post(path, {"name": "x", "kind": "private" if members else "open"})
    if members:
        belong = f"/api/channels/{channel['id']}/members"
        for name in (*members, "tom"):
            await maker.put(f"{belong}/{everybody[name].id}", status=204)
        if everybody["zoe"] is maker and "zoe" not in members:
            await maker.delete(f"{belong}/{maker.id}")
    return channel


async def who_sees(people: Cast, everybody: Everybody, report: Any) -> set[str]:
    """As the report itself is answered, the lists and their counts."""
    sees = set()
    for name, person in everybody.items():
        shown = (await person.ask("GET", f"/api/reports/{report['id']}")).status
        assert shown in {200, 404}
        listed = await person.ask("GET", reports(people))
        ids = [one["id"] for one in listed.body.get("reports", ())]
        assert (report["id"] in ids) is (shown == 200), name
        assert listed.body.get("open", 0) == len(ids)
        if shown == 200:
            sees.add(name)
    return sees


async def try_cases(people: Cast, everybody: Everybody, cases: Any) -> None:
    for author, members, expected in cases:
        channel = await channel_of(people, everybody, members)
        post = await everybody[author].post(f"/api/channels/{channel['id']}/posts", RUDE)
        receipt = await reported(post, everybody["tom"])
        ids = sorted(everybody[name].id for name in expected)
        assert receipt["disclosed_to"] == ids, (author, members)
        assert await who_sees(people, everybody, receipt) == set(expected), (author, members)


async def test_a_report_is_for_those_who_are_responsible_and_not_for_its_author(
    people: Cast, everybody: Everybody
) -> None:
    await try_cases(people, everybody, CASES)
    zoe = everybody["zoe"]
    await people.ann.delete(f"/api/groups/{people.group['id']}/members/{zoe.id}")
    left = {name: person for name, person in everybody.items() if name != "zoe"}
    for author, members, expected in OF_ONLY_OWNER:
        path = f"/api/groups/{people.group['id']}/channels"
        channel = await people.mia.post(path, {"name": "x"})
        if members:
            channel = await people.mia.post(path, {"name": "x", "kind": "private"})
            for name in (*members, "tom"):
                belong = f"/api/channels/{channel['id']}/members/{left[name].id}"
                await people.mia.put(belong, status=204)
        post = await left[author].post(f"/api/channels/{channel['id']}/posts", RUDE)
        receipt = await reported(post, left["tom"])
        assert await who_sees(people, left, receipt) == set(expected), (author, members)


async def test_roles_count_as_they_are_now_and_what_a_moderator_wrote_stays_for_owners(
    people: Cast, everybody: Everybody
) -> None:
    group = f"/api/groups/{people.group['id']}"
    by_bob = await reported(await everybody["bob"].post(people.posts, RUDE), everybody["tom"])
    by_max = await reported(await everybody["max"].post(people.posts, RUDE), everybody["tom"])
    await people.ann.put(f"{group}/members/{people.bob.id}", {"role": "moderator"})
    await people.ann.put(f"{group}/members/{everybody['max'].id}", {"role": "member"})
    for report in (by_bob, by_max):
        assert await who_sees(people, everybody, report) == {"ann", "zoe"}
    await people.ann.put(f"{group}/members/{people.bob.id}", {"role": "member"})
    assert await who_sees(people, everybody, by_bob) == {"ann", "zoe", "mia"}


async def test_nothing_tells_the_others_that_there_is_a_private_channel_or_a_moderators_report(
    people: Cast, everybody: Everybody
) -> None:
    secret = await channel_of(people, everybody, ("mia", "bob"))
    hidden = await people.bob.post(f"/api/channels/{secret['id']}/posts", RUDE)
    by_mia = await people.mia.post(people.posts, RUDE)
    topics = [moderation(people), f"group:{people.group['id']}"]
    before = [await told(people.ann, topic) for topic in topics]
    seen = {name: await told(who, f"user:{who.id}") for name, who in everybody.items()}
    of_secret = await reported(hidden, everybody["tom"])
    of_mia = await reported(by_mia, everybody["tom"])
    await people.mia.patch(f"/api/reports/{of_secret['id']}", {"outcome": "dismissed"})
    await people.ann.patch(f"/api/reports/{of_mia['id']}", {"outcome": "deleted"})
    assert [
        [event for event in await told(people.ann, topic) if event[0].startswith("report")]
        for topic in topics
    ] == [[], []]
    assert before[1] == await told(people.ann, topics[1])
    heard = {
        name: (await told(who, f"user:{who.id}"))[len(seen[name]) :]
        for name, who in everybody.items()
    }
    ids = {
        of: {"id": receipt["id"], "group_id": people.group["id"]}
        for of, receipt in (("secret", of_secret), ("mia", of_mia))
    }
    both = [("report.made", ids["mia"]), ("report.settled", ids["mia"])]
    of_mias = [("report.made", ids["secret"]), ("report.settled", ids["secret"])]
    assert heard == {"ann": both, "zoe": both, "mia": of_mias, "max": [], "bob": [], "tom": []}
    acts = [data for kind, data in await told(people.root, "admin") if kind == "report.settled"]
    of_act = {"group_id": people.group["id"], "channel_id": secret["id"], "outcome": "dismissed"}
    assert acts[0]["details"] == of_act
    assert [(act["subject"], act["by_id"]) for act in acts] == [
        (f"report:{of_secret['id']}", people.mia.id), (f"report:{of_mia['id']}", people.ann.id),
    ]  # fmt: skip


async def test_an_owner_who_is_not_in_the_channel_joins_it_before_she_deletes_there(
    people: Cast, everybody: Everybody
) -> None:
    secret = await channel_of(people, everybody, ("bob",))
    post = await people.bob.post(f"/api/channels/{secret['id']}/posts", RUDE)
    report = await reported(post, everybody["tom"])
    path = f"/api/reports/{report['id']}"
    refused = await people.ann.ask("PATCH", path, {"outcome": "deleted"})
    problem(refused, 403, "not_in_channel")
    assert (await people.ann.get(path))["outcome"] is None
    await people.ann.put(f"/api/channels/{secret['id']}/members/{people.ann.id}", status=204)
    assert await who_sees(people, everybody, report) == {"ann"}, "now she is in there"
    assert (await people.ann.patch(path, {"outcome": "deleted"}))["outcome"] == "deleted"
    await people.bob.get(f"/api/posts/{post['id']}", status=404)


async def test_reports_go_with_their_channel(people: Cast, everybody: Everybody) -> None:
    secret = await channel_of(people, everybody, ("mia", "bob"))
    post = await people.bob.post(f"/api/channels/{secret['id']}/posts", RUDE)
    report = await reported(post, everybody["tom"])
    await people.mia.delete(f"/api/channels/{secret['id']}")
    assert await who_sees(people, everybody, report) == set()


async def test_a_list_of_many_costs_as_many_statements_as_one_of_two(people: Cast) -> None:
    costs = []
    for more in (2, 10):
        for _ in range(more):
            post = await people.bob.post(people.posts, RUDE)
            await people.mia.post(f"/api/posts/{post['id']}/reports", BECAUSE)
        with counted() as statements:
            await people.ann.get(reports(people))
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 6
