"""Reports: who reports what, what is told of it, and how it is settled, once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from api.context import Services
from model.database.table import now
from model.purge import purge
from model.report import Reports
from model.report_settlement import SETTLED_REPORT_LASTS, forget_settled_reports
from tests.api.browser import problem
from tests.api.company import Company
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor

MODERATORS = ("ann", "mia")
RUDE = {"text": "You all are stupid"}
BECAUSE = {"reason": "It is rude"}
EXAMPLES = (
    Example(
        "POST /api/channels/{channel_id}/posts", RUDE, makes="rude_post_id", by=("bob",), often=0,
    ),
    Example(
        "POST /api/posts/{rude_post_id}/reports", BECAUSE, makes="report_id",
        listed="/api/groups/{group_id}/reports", by=MODERATORS, often=0,
    ),
    Example("PATCH /api/reports/{report_id}", {"outcome": "dismissed"}, by=MODERATORS, often=0),
)  # fmt: skip


async def rude(people: Cast, who: Person | None = None, **more: Any) -> Any:
    return await (who or people.bob).post(people.posts, {**RUDE, **more})


async def reported(post: Any, by: Person) -> Any:
    return await by.post(f"/api/posts/{post['id']}/reports", BECAUSE)


async def told(who: Person, topic: str) -> list[tuple[str, Any]]:
    answer = await who.get(f"/api/topics/{topic}/events?after=0&limit=100")
    return [(event["kind"], event["data"]) for event in answer["events"]]


async def told_of_reports(who: Person, topic: str) -> list[tuple[str, Any]]:
    return [one for one in await told(who, topic) if one[0].startswith("report.")]


def moderation(people: Cast) -> str:
    return f"moderation:{people.group['id']}"


def reports(people: Cast, *, settled: bool = False) -> str:
    return f"/api/groups/{people.group['id']}/reports?settled={settled}"


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


@rows("""
         report  list  show  settle
nobody   401     401   401   401
root     404     404   404   404
eve      404     404   404   404
left     404     404   404   404
banned   404     404   404   404
muted    201     403   404   404
member   201     403   404   404
bob      403     403   404   404
mia      201     200   200   200
ann      201     200   200   200
""")
async def test_who_may_do_what_with_reports_of_a_members_post(
    company: Company, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    tom = await company.member("tom")
    actor = tom if who == "member" else await company.actor(who, visitor)
    report = await reported(await rude(people), people.mia)
    post = await rude(people)
    actions = {
        "report": ("POST", f"/api/posts/{post['id']}/reports", BECAUSE),
        "list": ("GET", reports(people), None),
        "show": ("GET", f"/api/reports/{report['id']}", None),
        "settle": ("PATCH", f"/api/reports/{report['id']}", {"outcome": "dismissed"}),
    }
    assert await tried(actor, actions, may) == may


async def test_a_report_has_a_copy_and_says_to_whom_it_is_disclosed(people: Cast) -> None:
    file = await people.ann.upload(b"rude, too", "rude.txt")
    post = await rude(people, people.ann)
    reply = await people.bob.post(
        people.posts, {"text": "So are you", "parent_id": post["id"], "file_ids": []}
    )
    receipt = await reported(reply, people.mia)
    assert receipt == {
        "id": receipt["id"], "post_id": reply["id"], **BECAUSE,
        "created_at": receipt["created_at"], "disclosed_to": [people.ann.id, people.mia.id],
    }  # fmt: skip
    with_file = await rude(people, people.ann, file_ids=[file["id"]])
    assert (await reported(with_file, people.bob))["disclosed_to"] == [people.ann.id]
    (mine,) = (await people.mia.get(reports(people)))["reports"]
    assert mine == {
        "id": receipt["id"], "group_id": people.group["id"], "channel_id": people.channel["id"],
        "post_id": reply["id"], "parent_id": post["id"], "author": reply["author"],
        "reporter": {"id": people.mia.id, "name": "Mia", "avatar": None}, **BECAUSE,
        "text": "So are you", "file_names": [], "created_at": receipt["created_at"],
        "settled_at": None, "settled_by": None, "outcome": None,
    }  # fmt: skip
    hers = (await people.ann.get(reports(people)))["reports"]
    assert [(one["text"], one["file_names"]) for one in hers] == [
        (RUDE["text"], ["rude.txt"]), ("So are you", []),
    ]  # fmt: skip


async def test_one_reports_a_post_once_and_says_why(people: Cast) -> None:
    post = await rude(people)
    path = f"/api/posts/{post['id']}/reports"
    for reason in ("", " \n", "x" * 1001, None, 7):
        answer = await people.mia.ask("POST", path, {"reason": reason})
        assert problem(answer, 400, "invalid")["fields"].keys() == {"reason"}
    answers = await asyncio.gather(*(people.mia.ask("POST", path, BECAUSE) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    problem(await people.mia.ask("POST", path, BECAUSE), 409, "already_reported")
    problem(await people.bob.ask("POST", path, BECAUSE), 403, "own_post")
    assert (await people.ann.get(reports(people)))["open"] == 1
    (made,) = (answer.body for answer in answers if answer.status == 201)
    assert await told_of_reports(people.ann, moderation(people)) == [
        ("report.made", {"id": made["id"], "group_id": people.group["id"]})
    ]


async def test_of_two_who_settle_at_once_one_does_and_it_is_recorded(people: Cast) -> None:
    report = await reported(await rude(people), people.mia)
    path = f"/api/reports/{report['id']}"
    answers = await asyncio.gather(
        people.mia.ask("PATCH", path, {"outcome": "dismissed"}),
        people.ann.ask("PATCH", path, {"outcome": "deleted"}),
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    (done,) = (answer.body for answer in answers if answer.status == 200)
    (late,) = (answer for answer in answers if answer.status == 409)
    problem(late, 409, "already_settled")
    posts = (await people.bob.get(people.posts))["posts"]
    assert len(posts) == (0 if done["outcome"] == "deleted" else 1)
    listed = await people.ann.get(reports(people, settled=True))
    assert (listed["reports"], listed["open"]) == ([done], 0)
    assert (await people.ann.get(reports(people)))["reports"] == []
    kind, act = (await told_of_reports(people.ann, moderation(people)))[1]
    assert (kind, act["subject"]) == ("report.settled", f"report:{report['id']}")
    assert act["by_id"] == done["settled_by"]["id"]
    assert (act["person_id"], act["details"]) == (people.bob.id, {"outcome": done["outcome"]})


async def test_deleting_the_post_settles_all_its_reports(people: Cast) -> None:
    post = await rude(people)
    receipts = [await reported(post, who) for who in (people.ann, people.mia)]
    path = f"/api/reports/{receipts[0]['id']}"
    settled = await people.mia.patch(path, {"outcome": "deleted"})
    assert (settled["outcome"], settled["post_id"], settled["text"]) == (
        "deleted", None, RUDE["text"],
    )  # fmt: skip
    assert await people.ann.get(path) == settled
    await people.bob.get(f"/api/posts/{post['id']}", status=404)
    both = (await people.ann.get(reports(people, settled=True)))["reports"]
    assert [(one["outcome"], one["settled_by"]["name"]) for one in both] == [
        ("deleted", "Mia"), ("deleted", "Mia"),
    ]  # fmt: skip
    gone = await rude(people)
    report = await reported(gone, people.mia)
    await people.bob.delete(f"/api/posts/{gone['id']}")
    settled = await people.mia.patch(f"/api/reports/{report['id']}", {"outcome": "deleted"})
    assert settled["outcome"] == "deleted"


async def test_the_author_hears_that_she_is_warned_and_nothing_else(people: Cast) -> None:
    topic = f"user:{people.bob.id}"
    before = await told(people.bob, topic)
    for outcome in ("dismissed", "warned"):
        post = await rude(people)
        report = await reported(post, people.mia)
        await people.ann.patch(f"/api/reports/{report['id']}", {"outcome": outcome})
    answer = await people.bob.get(f"/api/topics/{topic}/events?after={len(before)}")
    assert [(event["kind"], event["by"]) for event in answer["events"]] == [("member.warned", None)]
    warned = answer["events"][0]["data"]
    assert warned == {
        "id": report["id"], "group_id": people.group["id"], "channel_id": people.channel["id"],
        "post_id": post["id"], "parent_id": None, "warned_at": warned["warned_at"],
    }  # fmt: skip
    listed = await people.bob.get("/api/me/warnings")
    assert (listed["warnings"], [*listed["live"]["topics"]]) == ([warned], [topic])
    assert (await people.mia.get("/api/me/warnings"))["warnings"] == []
    assert await people.bob.get(f"/api/posts/{post['id']}") == post
    await people.bob.get(f"/api/topics/{moderation(people)}/events", status=404)


async def test_the_copy_outlives_the_post_and_the_accounts_for_30_days_after_it_was_settled(
    services: Services, company: Company, people: Cast
) -> None:
    tom = await company.member("tom")
    post = await rude(people)
    report = await reported(post, tom)
    path = f"/api/reports/{report['id']}"
    await people.bob.patch(f"/api/posts/{post['id']}", {"text": "You all are nice"})
    assert (await people.ann.get(path))["text"] == RUDE["text"]
    await people.bob.delete(f"/api/posts/{post['id']}")
    for who in (people.bob, tom):
        await who.delete("/api/me")
    for _ in range(2):
        kept = await people.ann.get(path)
        assert (kept["text"], kept["reason"]) == (RUDE["text"], BECAUSE["reason"])
        assert (kept["post_id"], kept["author"], kept["reporter"]) == (None, None, None)
        await purge(services.database)
    await people.mia.patch(path, {"outcome": "warned"})
    for since, status in (
        (SETTLED_REPORT_LASTS - timedelta(minutes=1), 200),
        (SETTLED_REPORT_LASTS, 404),
    ):
        async with services.database.write() as db:
            await db.run(update(Reports), settled_at=now() - since)
        async with services.database.write() as db:
            await forget_settled_reports(db)
        await people.ann.get(path, status=status)


async def test_a_channel_does_not_name_who_has_reported_what_is_in_it(
    company: Company, people: Cast
) -> None:
    """It names former members who wrote there."""
    tom = await company.member("tom")
    await reported(await rude(people), tom)
    await tom.delete(f"/api/groups/{people.group['id']}/members/{tom.id}")
    await tom.patch("/api/me", {"name": "Thomas"})
    events = await told(people.bob, f"channel:{people.channel['id']}")
    assert [kind for kind, _ in events] == ["post.created"]
