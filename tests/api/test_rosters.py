"""Rosters: who may, what a dry run says, and that all are enrolled or nobody."""

import asyncio
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import insert, select, update

from api.context import Services
from model.act import Acts
from model.ban import Bans
from model.database.table import now
from model.log.event import Events
from model.user import Users
from model.username import RetiredUsernames
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.tables import Statuses, rows, tried
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Visitor
from tests.support.waiting import until_waiting

EXAMPLES = (
    Example(
        "POST /api/groups/{group_id}/roster", {"rows": [{"name": "Zoe Ray"}]},
        ({"csv": "name\nZoe Ray\nLee Ray"},), by=("ann",), makes="unclaimed_id", oldest_first=True,
    ),
    Example("POST /api/groups/{group_id}/roster/{unclaimed_id}/link", by=("ann",)),
)  # fmt: skip

ZOE = {"name": "Zoe Ray", "username": "zoe", "email": "zoe@school.example"}
MISTAKES = {
    "a blank name": ({"name": " \u200b"}, "name", "name is missing"),
    "a name of two lines": ({"name": "Zoe\nRay"}, "name", "more than one line"),
    "a name that is too long": ({"name": "x" * 81}, "name", "at most 80"),
    "a formula": ({"name": '=HYPERLINK("//x", "Zoe")'}, "name", "formula"),
    "a wrong username": ({"name": "Zoe", "username": "Zoe Ray"}, "username", "2 to 39"),
    "a wrong e-mail": ({"name": "Zoe", "email": "zoe at school"}, "email", "ann@example.org"),
    "a username that somebody has": ({"name": "Zoe", "username": "BOB"}, "username", "has this"),
    "a username that somebody had": ({"name": "Zoe", "username": "Kay"}, "username", "or had it"),
    "that of somebody banned": ({"name": "Zoe", "username": "eve"}, "username", "banned"),
    "a twin": ({"name": "Zoe", "username": "twin"}, "username", "More than one row"),
    "her twin": ({"name": "Zoe", "username": "Twin"}, "username", "More than one row"),
    "NUL": ({"name": "\x00", "username": "\x00", "email": "\x00"}, "name", "name is missing"),
}


@pytest.fixture
def roster(people: Cast) -> str:
    return f"/api/groups/{people.group['id']}/roster"


async def members(people: Cast) -> Any:
    return await people.bob.get(f"/api/groups/{people.group['id']}/members?limit=100")


@rows("""
        try  enrol  unclaimed  link
nobody  401  401    401        401
eve     404  404    404        404
root    404  404    404        404
left    404  404    404        404
banned  404  404    404        404
muted   403  403    403        403
bob     403  403    403        403
mia     403  403    403        403
ann     200  201    200        201
""")
async def test_owners_enrol_to_whom_an_administrator_has_allowed_it(
    app: Quart,
    services: Services,
    people: Cast,
    visitor: Visitor,
    roster: str,
    who: str,
    may: Statuses,
) -> None:
    made = await people.ann.post(roster, {"rows": [ZOE]})
    actor = await Company(app, services, people).actor(who, visitor)
    given = {"rows": [{"name": "Kay"}]}
    actions = {
        "try": ("POST", roster, {**given, "dry_run": True}),
        "enrol": ("POST", roster, given),
        "unclaimed": ("GET", roster, None),
        "link": ("POST", f"{roster}/{made['people'][0]['id']}/link", None),
    }
    assert await tried(actor, actions, may) == may


async def test_no_other_owner_enrols_be_she_an_administrator(people: Cast, roster: str) -> None:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await people.root.post("/api/memberships", {"join_code": code["join_code"]})
    for who in (people.root, people.mia):
        path = f"/api/groups/{people.group['id']}/members/{who.id}"
        await people.ann.put(path, {"role": "owner"})
        problem(await who.ask("POST", roster, {"rows": [ZOE]}), 403, "may_not_enrol")
    assert (await people.ann.get("/api/me"))["may_enrol"] is True
    await people.root.patch(f"/api/users/{people.ann.id}", {"may_enrol": False})
    problem(await people.ann.ask("POST", roster, {"rows": [ZOE]}), 403, "may_not_enrol")


@pytest.fixture
async def gone_and_banned(people: Cast, services: Services) -> None:
    """Somebody was called kay; eve is banned from the group."""
    async with services.database.write() as db:
        retired = {"username_key": "kay", "user_id": people.mia.id, "retired_at": now()}
        await db.run(insert(RetiredUsernames), **retired)
        banned = {"group_id": people.group["id"], "user_id": people.eve.id, "created_at": now()}
        await db.run(insert(Bans), **banned)


@pytest.mark.usefixtures("gone_and_banned")
async def test_what_is_wrong_with_each_row_is_said_at_once_and_nothing_is_done(
    people: Cast, roster: str
) -> None:
    before = await members(people)
    wrong = [row for row, _, _ in MISTAKES.values()]
    tried = await people.ann.post(roster, {"rows": [ZOE, *wrong], "dry_run": True}, 200)
    assert tried["ready"] is False
    right, *others = tried["rows"]
    assert right == {"line": 1, **ZOE, "is_proposed": False, "problems": [], "notes": []}
    for row, (name, (_, field, said)) in zip(others, MISTAKES.items(), strict=True):
        found = {one["field"]: one["detail"] for one in row["problems"]}
        assert said in found.pop(field, ""), name
        assert not found or name == "NUL", name
    refused = await people.ann.ask("POST", roster, {"rows": [ZOE, *wrong]})
    fields = problem(refused, 400, "invalid")["fields"]
    for at, (_, field, said) in enumerate(MISTAKES.values(), start=1):
        assert said in fields[f"rows.{at}.{field}"]
    assert await members(people) == before


async def test_a_table_is_tried_and_then_enrolled(people: Cast, url: str, roster: str) -> None:
    before = await members(people)
    csv = "\ufeffNachname;Vorname;Klasse\r\nRay;Zoë;7b\r\nRay;Zoë;7b\r\nBob;;7b\r\n"
    tried = await people.ann.post(roster, {"csv": csv, "dry_run": True}, 200)
    assert (tried["ready"], tried["ignored_columns"]) == (True, ["Klasse"])
    assert all(row["is_proposed"] for row in tried["rows"])
    assert [(row["line"], row["name"], row["username"]) for row in tried["rows"]] == [
        (2, "Zoë Ray", "zoe-ray"), (3, "Zoë Ray", "zoe-ray-2"), (4, "Bob", "bob-2"),
    ]  # fmt: skip
    twin, _, namesake = (row["notes"] for row in tried["rows"])
    assert twin == ["Another row has the same name."]
    assert namesake == ["Somebody in the group is called so."]
    async with LiveClient(url, people.bob.token) as live:
        await live.hello(before["live"])
        made = await people.ann.post(roster, {"csv": csv})
        ((topic, seq),) = before["live"]["topics"].items()
        event = await live.event(topic, seq + 1)
    after = await members(people)
    new = after["members"][len(before["members"]) :]
    assert (event["kind"], event["data"]) == ("members.joined", {"members": new})
    assert after["live"]["topics"] == {topic: seq + 1}, "one event, however many they are"
    assert [(one["name"], one["username"]) for one in made["people"]] == [
        ("Zoë Ray", "zoe-ray"), ("Zoë Ray", "zoe-ray-2"), ("Bob", "bob-2"),
    ]  # fmt: skip
    assert [one["id"] for one in made["people"]] == [one["id"] for one in new]
    assert len({one["link"] for one in made["people"]}) == 3


async def test_nobody_signs_in_before_she_has_claimed_her_account(
    app: Quart, people: Cast, roster: str
) -> None:
    visitor = Visitor(app.test_client(use_cookies=False))
    (zoe,) = (await people.ann.post(roster, {"rows": [ZOE]}))["people"]
    for password in ("", " ", PASSWORD):
        form = {"username": "zoe", "password": password}
        assert (await visitor.ask("POST", "/api/sessions", form)).status in {400, 401}
    (listed,) = (await people.ann.get(roster))["people"]
    assert listed.items() >= {"id": zoe["id"], "name": "Zoe Ray", "username": "zoe"}.items()
    (renewed,) = (await people.ann.post(f"{roster}/{zoe['id']}/link"))["people"]
    assert renewed == {**zoe, "link": renewed["link"]}
    old, new = (
        {"token": one["link"].partition("/reset#token=")[2], "password": PASSWORD}
        for one in (zoe, renewed)
    )
    problem(await visitor.ask("PUT", "/api/password-resets", old), 400, "invalid")
    await visitor.put("/api/password-resets", new)
    problem(await visitor.ask("PUT", "/api/password-resets", new), 400, "invalid")
    await visitor.post("/api/sessions", {"username": "zoe", "password": PASSWORD})
    assert (await people.ann.get(roster))["people"] == []
    for somebody in (zoe["id"], people.bob.id, people.eve.id):
        problem(await people.ann.ask("POST", f"{roster}/{somebody}/link"), 404, "not_found")


async def test_no_link_is_made_anew_for_who_reads_what_the_owner_does_not(
    people: Cast, roster: str
) -> None:
    (zoe,) = (await people.ann.post(roster, {"rows": [ZOE]}))["people"]
    private = {"name": "secret", "kind": "private"}
    channel = await people.mia.post(f"/api/groups/{people.group['id']}/channels", private)
    path = f"/api/channels/{channel['id']}/members"
    await people.mia.put(f"{path}/{zoe['id']}", status=204)
    refused = await people.ann.ask("POST", f"{roster}/{zoe['id']}/link")
    problem(refused, 403, "not_allowed_to_reset")
    await people.mia.put(f"{path}/{people.ann.id}", status=204)
    await people.ann.post(f"{roster}/{zoe['id']}/link")


async def test_the_group_and_the_audit_keep_a_record_without_names_or_secrets(
    people: Cast, services: Services, roster: str
) -> None:
    made = await people.ann.post(roster, {"rows": [ZOE, {"name": "Kay"}]})
    zoe, kay = (one["id"] for one in made["people"])
    await people.ann.post(f"{roster}/{kay}/link")
    acted = select(Acts.kind, Acts.person_id, Acts.details).where(Acts.by_id == people.ann.id)
    async with services.database.read() as db:
        of_group = await db.all(acted.where(Acts.group_id == people.group["id"]).order_by(Acts.id))
        of_server = await db.all(acted.where(Acts.group_id.is_(None)).order_by(Acts.id))
        told = await db.all(select(Events.topic, Events.data))
    assert [tuple(act) for act in of_group[-2:]] == [
        ("roster.enrolled", None, '{"count":2}'),
        ("link.made", kay, '{"purpose":"claim"}'),
    ]
    assert [tuple(act) for act in of_server] == [
        ("roster.enrolled", None, f'{{"group_id":1,"user_ids":[{zoe},{kay}]}}'),
        ("link.made", kay, '{"purpose":"claim","group_id":1}'),
    ]
    kept = "".join(event.data for event in told if event.topic in {"admin", "moderation:1"})
    assert "roster.enrolled" in kept
    assert "Zoe" not in kept
    assert made["people"][0]["link"].partition("=")[2] not in kept


@pytest.mark.usefixtures("gone_and_banned")
async def test_no_username_is_proposed_that_somebody_has_or_had_or_gets(
    people: Cast, roster: str
) -> None:
    names = ["Bob", "Kay", "Ann", "Ann", "Ann 2", "Ann", "Eve", "王伟", "?"]
    rows: list[dict[str, Any]] = [{"name": name} for name in names]
    rows.append({"name": "Lee", "username": "ann-3"})
    tried = await people.ann.post(roster, {"rows": rows, "dry_run": True}, 200)
    proposed = [row["username"] for row in tried["rows"]]
    assert len({*proposed}) == len(rows)
    assert not {*proposed} & {"root", "ann", "mia", "bob", "eve", "kay"}
    assert (proposed[0], proposed[1], proposed[7], proposed[8]) == (
        "bob-2", "kay-2", "wangwei", "person",
    )  # fmt: skip
    assert tried["ready"] is True


async def test_two_rosters_at_once_give_a_username_to_one_person(people: Cast, roster: str) -> None:
    other = await people.ann.post("/api/groups", {"name": "chess"})
    rosters = [roster, f"/api/groups/{other['id']}/roster"]
    asked = [people.ann.ask("POST", path, {"rows": [ZOE]}) for path in rosters * 3]
    answers = [answer.status for answer in await asyncio.gather(*asked)]
    assert answers.count(201) == 1
    assert {*answers} <= {201, 400, 503}
    found = (await people.root.get("/api/users?search=zoe"))["users"]
    assert len(found) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_a_username_that_is_taken_and_given_up_meanwhile_is_given_to_nobody(
    people: Cast, services: Services, roster: str
) -> None:
    eve = update(Users).where(Users.id == people.eve.id)
    given_up = {"username_key": "zoe", "user_id": people.eve.id, "retired_at": now()}
    async with services.database.write() as db:
        for key in ("zoe", "eva"):
            await db.run(eve, username_key=key)
        asked = asyncio.create_task(people.ann.ask("POST", roster, {"rows": [ZOE]}))
        await until_waiting(services, {asked})
        await db.run(insert(RetiredUsernames), **given_up)
    problem(await asked, 503, "try_again")
    assert len((await members(people))["members"]) == 3


async def test_an_archived_group_enrols_nobody(people: Cast, roster: str) -> None:
    await people.ann.patch(f"/api/groups/{people.group['id']}", {"archived": True})
    for dry_run in (True, False):
        asked = {"rows": [ZOE], "dry_run": dry_run}
        problem(await people.ann.ask("POST", roster, asked), 403, "archived")


NO_ROSTERS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "rows", "either rows or csv"),
    ({"rows": [ZOE], "csv": "name\nZoe"}, "rows", "either rows or csv"),
    ({"rows": []}, "rows", "at least 1"),
    ({"rows": [{"name": "Zoe"}] * 501}, "rows", "at most 500"),
    ({"csv": "name\n" + "Zoe\n" * 501}, "csv", "500 at most"),
    ({"csv": "name\n" + "Zoe\n" * 5000}, "csv", "5,000 people"),
    ({"csv": "e-mail;class\nzoe@school.example;7b"}, "csv", "first line has to say"),
    ({"csv": "\r\n;;"}, "csv", "nothing in this table"),
    ({"csv": "name;email\nZoe;z@school;7b;\nKay"}, "csv.2.row", "more cells"),
    ({"csv": "name\n\n=1+1\n"}, "csv.3.name", "formula"),
    ({"csv": 'name\n"Zoe\nKay\n'}, "csv.2.name", "more than one line"),
]


async def test_what_is_no_roster_is_refused_whole(people: Cast, roster: str) -> None:
    for body, field, said in NO_ROSTERS:
        refused = problem(await people.ann.ask("POST", roster, body), 400, "invalid")
        assert said in refused["fields"][field], body
    assert len((await members(people))["members"]) == 3


async def test_as_many_as_may_be_enrolled_at_once_are(people: Cast, roster: str) -> None:
    rows = [{"name": f"Zoë-Marie Łukasiewicz {n % 100}", "email": f"z{n}@x.y"} for n in range(500)]
    made = await people.ann.post(roster, {"rows": rows})
    assert len({one["username"] for one in made["people"]}) == 500


async def test_of_a_deleted_account_no_log_tells_the_name(people: Cast, roster: str) -> None:
    made = await people.ann.post(roster, {"rows": [ZOE, {"name": "Kay"}]})
    path = f"/api/groups/{people.group['id']}/members/{made['people'][0]['id']}"
    await people.ann.delete(path)
    await people.root.delete(f"/api/users/{made['people'][0]['id']}")
    topic = f"/api/topics/group:{people.group['id']}/events"
    problem(await people.bob.ask("GET", f"{topic}?after=1"), 409, "reset_retention")
