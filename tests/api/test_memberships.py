"""Belonging to a group: join codes, joining, roles, removing and leaving."""

import asyncio

from quart import Quart

from api.context import Services
from model.group import Role, find_group, find_member, set_role
from model.session import find_caller
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Person, Visitor, sign_up

WHILE_OTHERS_WAIT_S = 0.4

EXAMPLES = (
    Example(
        "POST /api/memberships", {"join_code": "{join_code}"}, by=("guest",), often=0,
        listed="/api/groups/{group_id}/members", oldest_first=True,
    ),
    Example(
        "PUT /api/groups/{group_id}/members/{user_id}", {"role": "moderator"},
        ({"role": "member"},), by=("ann",),
    ),
    Example("DELETE /api/groups/{group_id}/members/{user_id}", by=("ann",), often=0),
)  # fmt: skip


async def joined(people: Cast, person: Person) -> Person:
    code = await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    await person.post("/api/memberships", {"join_code": code["join_code"]})
    return person


def members(people: Cast) -> str:
    return f"/api/groups/{people.group['id']}/members"


@rows("""
         list  code  promote  demote  remove  remove-moderator  remove-owner
nobody   401   401   401      401     401     401               401
root     404   404   404      404     404     404               404
eve      404   404   404      404     404     404               404
bob      200   403   403      403     403     403               403
mia      200   201   403      403     204     403               403
ann      200   201   200      200     204     204               204
""")
async def test_who_may_do_what_with_members(
    app: Quart, services: Services, people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    pat, max_, una = [
        await joined(people, await sign_up(app, services.database, name))
        for name in ("pat", "max", "una")
    ]
    path = members(people)
    await people.ann.put(f"{path}/{max_.id}", {"role": "moderator"})
    await people.ann.put(f"{path}/{una.id}", {"role": "owner"})
    actions = {
        "list": ("GET", path, None),
        "code": ("POST", f"/api/groups/{people.group['id']}/join-code", {}),
        "promote": ("PUT", f"{path}/{pat.id}", {"role": "moderator"}),
        "demote": ("PUT", f"{path}/{pat.id}", {"role": "member"}),
        "remove": ("DELETE", f"{path}/{pat.id}", None),
        "remove-moderator": ("DELETE", f"{path}/{max_.id}", None),
        "remove-owner": ("DELETE", f"{path}/{una.id}", None),
    }
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, actions, may) == may


async def test_the_list_of_members_has_their_roles_and_where_to_follow(people: Cast) -> None:
    listed = await people.bob.get(members(people))
    assert [(who["name"], who["role"], who["avatar"]) for who in listed["members"]] == [
        ("Ann", "owner", None),
        ("Mia", "moderator", None),
        ("Bob", "member", None),
    ]
    assert listed["live"]["topics"].keys() == {f"group:{people.group['id']}"}
    assert [who["username"] for who in listed["members"]] == ["ann", "mia", "bob"]
    shown = {"id", "name", "avatar", "username", "role", "joined_at"}
    assert all(who.keys() == shown for who in listed["members"])


async def test_a_new_role_counts_at_once(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}"
    await people.ann.put(f"{members(people)}/{people.bob.id}", {"role": "owner"})
    await people.bob.patch(path, {"name": "Bob's"})
    await people.bob.put(f"{members(people)}/{people.ann.id}", {"role": "member"})
    await people.ann.patch(path, {"name": "Ann's"}, status=403)


async def test_who_leaves_finds_nothing_any_more(people: Cast) -> None:
    await people.bob.delete(f"{members(people)}/{people.bob.id}")
    await people.bob.get(members(people), status=404)
    await people.bob.get(people.posts, status=404)
    await people.ann.put(f"{members(people)}/{people.bob.id}", {"role": "member"}, status=404)
    await people.ann.delete(f"{members(people)}/{people.bob.id}", status=404)


async def test_putting_a_role_adds_nobody(people: Cast) -> None:
    answer = await people.ann.ask("PUT", f"{members(people)}/{people.eve.id}", {"role": "member"})
    problem(answer, 404, "not_found")
    assert len((await people.ann.get(members(people)))["members"]) == 3


async def test_the_last_owner_neither_leaves_nor_steps_down(people: Cast) -> None:
    own = f"{members(people)}/{people.ann.id}"
    problem(await people.ann.ask("DELETE", own), 409, "last_owner")
    problem(await people.ann.ask("PUT", own, {"role": "member"}), 409, "last_owner")
    assert (await people.ann.put(own, {"role": "owner"}))["role"] == "owner"


async def test_of_two_owners_who_leave_at_once_one_stays(people: Cast) -> None:
    path = members(people)
    for _ in range(5):
        await people.ann.put(f"{path}/{people.mia.id}", {"role": "owner"})
        answers = await asyncio.gather(
            people.ann.ask("PUT", f"{path}/{people.ann.id}", {"role": "moderator"}),
            people.mia.ask("PUT", f"{path}/{people.mia.id}", {"role": "moderator"}),
        )
        assert sorted(answer.status for answer in answers) == [200, 409]
        if answers[0].status == 200:
            await people.mia.put(f"{path}/{people.ann.id}", {"role": "owner"})
    await people.ann.put(f"{path}/{people.mia.id}", {"role": "owner"})
    answers = await asyncio.gather(
        people.ann.ask("DELETE", f"{path}/{people.ann.id}"),
        people.mia.ask("DELETE", f"{path}/{people.mia.id}"),
    )
    assert sorted(answer.status for answer in answers) == [204, 409]


async def test_owners_who_remove_each_other_at_once_leave_one(people: Cast) -> None:
    path = members(people)
    await people.ann.put(f"{path}/{people.mia.id}", {"role": "owner"})
    answers = await asyncio.gather(
        people.ann.ask("DELETE", f"{path}/{people.mia.id}"),
        people.mia.ask("DELETE", f"{path}/{people.ann.id}"),
    )
    assert [answer.status for answer in answers].count(204) == 1
    listed = await people.bob.get(path)
    assert sorted(who["role"] for who in listed["members"]) == ["member", "owner"]


async def test_who_loses_a_role_while_waiting_may_no_longer_do_it(
    services: Services, people: Cast
) -> None:
    path = f"/api/groups/{people.group['id']}"
    async with services.database.write() as db:
        ann = await find_caller(db, people.ann.token)
        assert ann
        group = await find_group(db, people.group["id"], reader=ann)
        mia = await find_member(db, group, people.mia.id)
        await set_role(db, group, mia, Role.MEMBER, by=ann)
        asked = asyncio.create_task(people.mia.ask("POST", f"{path}/join-code", {}))
        done, _ = await asyncio.wait({asked}, timeout=WHILE_OTHERS_WAIT_S)
        assert not done, "it waits for who was quicker"
    problem(await asked, 403, "not_a_moderator")
