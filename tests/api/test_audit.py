"""The audit: what is done to accounts and groups of the server, for its administrators alone."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

from model.database.table import now
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.api.test_paging import walk_both_ways
from tests.live.client import LiveClient
from tests.support.cast import Cast
from tests.support.people import Visitor

AUDIT, TABLE, LOG = "/api/admin/acts", "/api/admin/acts.csv", "/api/topics/admin/events"


@rows("""
         list  table  log
nobody   401   401    401
eve      403   403    404
bob      403   403    404
ann      403   403    404
root     200   200    200
""")
async def test_who_may_read_the_audit(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actions = {"list": ("GET", AUDIT, None), "table": ("GET", TABLE, None)}
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, {**actions, "log": ("GET", LOG, None)}, may) == may
    if who in {"eve", "bob", "ann"}:
        problem(await actor.ask("GET", TABLE), 403, "not_an_admin")
    exported = (await people.root.get(f"{AUDIT}?kind=audit.exported"))["acts"]
    assert [act["by_id"] for act in exported] == [people.root.id] * (who == "root")


async def test_the_audit_is_followed_by_administrators_until_they_are_none(
    people: Cast, url: str
) -> None:
    for who, answer in ((people.ann, "error"), (people.eve, "error"), (people.root, "subscribed")):
        async with LiveClient(url, who.token) as live:
            assert (await live.follow("admin"))["type"] == answer, who.username
    eve = f"/api/users/{people.eve.id}"
    await people.root.patch(eve, {"role": "admin"})
    async with LiveClient(url, people.eve.token) as live:
        await live.follow("admin")
        await people.root.patch(eve, {"role": "member"})
        revoked = await live.until(lambda message: message["type"] == "revoked")
        assert revoked["topic"] == "admin"
        assert (await live.subscribe("admin"))["type"] == "error"
        assert live.events("admin") == []


async def test_what_administrators_do_to_accounts_is_in_the_audit(people: Cast) -> None:
    before = await people.root.get(f"{AUDIT}?limit=100")
    bob, eve = f"/api/users/{people.bob.id}", f"/api/users/{people.eve.id}"
    await people.root.patch(bob, {"active": True, "role": "member"})  # changes nothing
    await people.root.patch(bob, {"active": False, "role": "admin"})
    await people.root.patch(bob, {"active": True})
    await people.root.delete(f"{bob}/sessions")
    await people.root.delete(eve)
    await people.mia.delete("/api/me")  # nobody else did it
    after = await people.root.get(f"{AUDIT}?limit=100")
    done = after["acts"][: len(after["acts"]) - len(before["acts"])][::-1]
    assert [(act["kind"], act["person_id"], act["details"]) for act in done] == [
        ("account.changed", people.bob.id, {
            "from": {"active": True, "role": "member"}, "to": {"active": False, "role": "admin"},
        }),
        ("account.changed", people.bob.id, {"from": {"active": False}, "to": {"active": True}}),
        ("sessions.ended", people.bob.id, {}),
        ("account.deleted", None, {}),
    ]  # fmt: skip
    assert {(act["by_id"], act["via"]) for act in done} == {(people.root.id, "request")}
    assert [person["username"] for person in after["people"]] == ["root", "ann", "bob"]
    behind = before["live"]["topics"]["admin"]
    log = (await people.root.get(f"{LOG}?after={behind}"))["events"]
    told = [event["data"] for event in log if "via" in event["data"]]
    assert told == [*done[:3], {**done[3], "person_id": people.eve.id}]
    gone = [event["data"] for event in log if event["kind"] == "user.deleted"]
    assert gone == [{"id": people.eve.id}, {"id": people.mia.id}]
    assert after["live"]["topics"]["admin"] == behind + len(log)


async def test_the_audit_outlives_the_accounts_that_it_names(people: Cast) -> None:
    eve = f"/api/users/{people.eve.id}"
    await people.root.patch(eve, {"role": "admin"})
    await people.eve.patch(f"/api/users/{people.bob.id}", {"active": False})
    before = (await people.root.get(AUDIT))["acts"]
    await people.root.delete(eve)
    deleted, *after = (await people.root.get(AUDIT))["acts"]
    assert (deleted["kind"], deleted["person_id"]) == ("account.deleted", None)
    assert after == [
        {**act, **{of: None for of in ("by_id", "person_id") if act[of] == people.eve.id}}
        for act in before
    ]
    assert (await people.root.get(f"{AUDIT}?by_id={people.eve.id}"))["acts"] == []


async def test_the_audit_is_searched_by_act_person_and_time(people: Cast) -> None:
    for person in (people.bob, people.eve, people.bob):
        await people.root.delete(f"/api/users/{person.id}/sessions")
    await people.root.patch(f"/api/users/{people.bob.id}", {"role": "admin"})

    async def found(query: str) -> list[Any]:
        acts = (await people.root.get(f"{AUDIT}?{query}"))["acts"]
        return [(act["kind"], act["person_id"]) for act in acts]

    ended_bob, ended_eve = [("sessions.ended", one.id) for one in (people.bob, people.eve)]
    changed = ("account.changed", people.bob.id)
    assert await found("kind=sessions.ended") == [ended_bob, ended_eve, ended_bob]
    assert await found(f"person_id={people.bob.id}") == [changed, ended_bob, ended_bob]
    assert await found(f"person_id={people.eve.id}&kind=sessions.ended") == [ended_eve]
    assert len(await found(f"by_id={people.root.id}&limit=3")) == 3
    soon, earlier = ((now() + timedelta(hours=n)).isoformat()[:19] for n in (1, -1))
    assert await found(f"since={earlier}Z&until={soon}") == await found("limit=20")
    assert await found(f"since={soon}Z") == await found(f"until={earlier}Z") == []
    before_all = "since=0001-01-01T00:00:00%2B14:00"
    for wrong in ("since=yesterday", before_all, "kind=", "kind=a+secret", "by=1"):
        problem(await people.root.ask("GET", f"{AUDIT}?{wrong}"), 400, "invalid")


async def test_the_audit_is_walked_in_both_directions(people: Cast) -> None:
    for _ in range(7):
        await people.root.delete(f"/api/users/{people.bob.id}/sessions")
    path = f"{AUDIT}?kind=sessions.ended"
    await walk_both_ways(people.root, path, 7, newest_first=True)


async def test_the_audit_is_saved_as_a_table_which_is_an_act_itself(people: Cast) -> None:
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})
    answer = await people.root.ask("GET", f"{TABLE}?person_id={people.bob.id}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    (row,) = csv.DictReader(StringIO(answer.body.decode("utf-8-sig")))
    assert (row["act"], row["by"], row["person"]) == ("account.changed", "root", "bob")
    assert json.loads(row["details"])["to"] == {"active": False}
    (act,) = (await people.root.get(f"{AUDIT}?kind=audit.exported"))["acts"]
    assert act["details"] == {"filters": {"person_id": people.bob.id}}


@rows("""
         bob  self
nobody   401  401
eve      404  403
ann      403  403
root     204  204
""")
async def test_administrators_sign_others_out_everywhere_at_once(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    own_id = people.bob.id if who == "nobody" else people.named(who).id
    actions = {
        "bob": ("DELETE", f"/api/users/{people.bob.id}/sessions", None),
        "self": ("DELETE", f"/api/users/{own_id}/sessions", None),
    }
    assert await tried(actor, actions, may) == may
    await people.bob.get("/api/me", status=401 if who == "root" else 200)
    await people.root.get("/api/me")


async def test_the_audit_is_paged(people: Cast) -> None:
    before = (await people.root.get("/api/admin/acts?limit=100"))["acts"]
    for number in range(7):
        secret = {"name": f"secret {number}", "kind": "private"}
        await people.mia.post(f"/api/groups/{people.group['id']}/channels", secret)
    how_many = len(before) + 7
    await walk_both_ways(people.root, "/api/admin/acts", how_many, newest_first=True)
