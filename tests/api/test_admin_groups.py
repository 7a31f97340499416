"""What administrators do with groups that they do not read."""

import asyncio
from datetime import timedelta
from typing import Any

from api.context import Services
from model.session import CONFIRMATION_LASTS
from tests.api.browser import problem
from tests.api.tables import Action, Statuses, rows, tried
from tests.api.test_confirmation import confirmed_before
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Visitor

ARCHIVED, OPEN = {"archived": True}, {"archived": False}

EXAMPLES = (
    Example("PATCH /api/admin/groups/{group_id}", OPEN, by=("root",), often=0),
    Example("DELETE /api/admin/groups/{group_id}", by=("root",), often=0),
    Example(  # ann is an owner
        "PUT /api/admin/groups/{group_id}/owner", {"user_id": 2}, by=("root",), often=0
    ),
    Example("PUT /api/admin/groups/{group_id}/membership", by=("root",), often=0),
)


def actions_in(people: Cast, user_id: int) -> dict[str, Action]:
    path = f"/api/admin/groups/{people.group['id']}"
    return {
        "enter": ("PUT", f"{path}/membership", None),
        "archive": ("PATCH", path, ARCHIVED),
        "owner": ("PUT", f"{path}/owner", {"user_id": user_id}),
        "delete": ("DELETE", path, None),
    }


async def acts_of(people: Cast) -> tuple[list[Any], list[Any]]:
    """The newest acts of the audit and of the group's record, each by root."""
    record = await people.mia.get(f"/api/groups/{people.group['id']}/acts")
    audit = await people.root.get("/api/admin/acts")
    return tuple(
        [
            (act["kind"], act["person_id"], act["subject"])
            for act in listed["acts"]
            if act["by_id"] == people.root.id
        ]
        for listed in (audit, record)
    )  # type: ignore[return-value] # two


@rows("""
         enter  archive  owner  delete
nobody   401    401      401    401
eve      403    403      403    403
bob      403    403      403    403
ann      403    403      403    403
root     200    200      409    204
""")
async def test_who_may_do_what_with_any_group(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, actions_in(people, people.mia.id), may) == may


async def test_all_of_it_wants_the_password_again_and_no_group_that_is_not_there(
    services: Services, people: Cast
) -> None:
    await people.root.patch(f"/api/users/{people.ann.id}", {"active": False})
    await confirmed_before(services, CONFIRMATION_LASTS + timedelta(seconds=1))
    for method, path, body in actions_in(people, people.mia.id).values():
        problem(await people.root.ask(method, path, body), 403, "password_needed")
        missing = path.replace(f"/{people.group['id']}", "/99", 1)
        problem(await people.root.ask(method, missing, body), 404, "not_found")
    assert (await people.mia.get(f"/api/groups/{people.group['id']}"))["archived"] is False


async def test_an_archived_group_is_told_by_whom_and_comes_back(people: Cast) -> None:
    path, topic = f"/api/admin/groups/{people.group['id']}", f"group:{people.group['id']}"
    archived = await people.root.patch(path, ARCHIVED)
    assert await people.root.patch(path, ARCHIVED) == archived, "once"
    assert archived["archived"] is True
    problem(await people.ann.ask("POST", people.posts, {"text": "Hello"}), 403, "archived")
    await people.root.patch(path, OPEN)
    await people.ann.post(people.posts, {"text": "Hello"})
    audit, record = await acts_of(people)
    assert record == [("group.unarchived", None, None), ("group.archived", None, None)]
    assert audit[:2] == [("group.unarchived", None, topic), ("group.archived", None, topic)]


async def test_an_administrator_who_joins_a_group_is_seen_there(people: Cast) -> None:
    group, path = f"/api/groups/{people.group['id']}", f"/api/admin/groups/{people.group['id']}"
    await people.root.get(f"{group}/channels", status=404)
    entry = await people.root.put(f"{path}/membership")
    assert entry["role"] == "member"
    assert await people.root.get(group) == entry
    members = (await people.bob.get(f"{group}/members"))["members"]
    assert people.root.id in {member["id"] for member in members}
    problem(await people.root.ask("PUT", f"{path}/membership"), 409, "already_member")
    audit, record = await acts_of(people)
    assert record == [("group.entered", None, None)]
    assert audit[0] == ("group.entered", None, f"group:{people.group['id']}")
    await people.ann.put(f"{group}/bans/{people.root.id}", {}, status=204)
    problem(await people.root.ask("PUT", f"{path}/membership"), 403, "banned")


async def test_nothing_changes_for_somebody_who_owns_the_group(people: Cast) -> None:
    path = f"/api/admin/groups/{people.group['id']}/owner"
    await people.root.put(path, {"user_id": people.ann.id})
    assert (await acts_of(people))[1] == []


async def test_an_orphaned_group_gets_an_owner_which_its_record_tells(people: Cast) -> None:
    group, path = f"/api/groups/{people.group['id']}", f"/api/admin/groups/{people.group['id']}"
    await people.ann.put(f"{group}/bans/{people.bob.id}", {}, status=204)
    await people.root.patch(f"/api/users/{people.ann.id}", {"active": False})
    for user_id, status, code in (
        (people.ann.id, 409, "inactive"),
        (people.bob.id, 403, "banned"),
        (99, 404, "not_found"),
    ):
        refused = await people.root.ask("PUT", f"{path}/owner", {"user_id": user_id})
        problem(refused, status, code)
    answers = await asyncio.gather(
        *(
            people.root.ask("PUT", f"{path}/owner", {"user_id": user_id})
            for user_id in (people.mia.id, people.eve.id)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    (given,) = [answer.body for answer in answers if answer.status == 200]
    (owner,) = [one for one in given["owners"] if one["id"] != people.ann.id]
    assert (given["orphaned"], given["owner_count"]) == (False, 2)
    chosen = people.named(owner["username"])
    assert (await chosen.get(group))["role"] == "owner"
    audit, record = await acts_of(people)
    assert record[0] == ("owner.given", chosen.id, None)
    assert audit[0] == ("owner.given", chosen.id, f"group:{people.group['id']}")


async def test_a_group_that_an_administrator_deletes_is_gone_for_all(people: Cast) -> None:
    path = f"/api/admin/groups/{people.group['id']}"
    await people.root.delete(path)
    await people.ann.get(f"/api/groups/{people.group['id']}", status=404)
    (act,) = (await people.root.get("/api/admin/acts?kind=group.deleted"))["acts"]
    assert (act["by_id"], act["subject"]) == (people.root.id, f"group:{people.group['id']}")
