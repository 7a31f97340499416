"""Accounts: registering, finding people, and what administrators do with them."""

import asyncio

import pytest
from quart import Quart

from tests.api.browser import browser, problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import PASSWORD, Visitor

EXAMPLES = (
    Example(
        "POST /api/users", {"username": "{username}", "name": "New", "password": PASSWORD},
        by=("root",), listed="/api/users", oldest_first=True, often=0,
    ),
    Example("PATCH /api/users/{user_id}", {"role": "admin"}, by=("root",), often=0),
    Example("DELETE /api/users/{user_id}", by=("root",), often=0),
    Example("DELETE /api/users/{newcomer_id}/sessions", by=("root",), often=0),
)  # fmt: skip


@rows("""
         list  self  classmate  stranger  edit-other  edit-self  delete-other
nobody   401   401   401        401       401         401        401
eve      200   200   404        404       404         403        404
bob      200   200   200        404       403         403        403
ann      200   200   200        404       403         403        403
root     200   200   200        200       200         200        204
""")
async def test_who_may_do_what_with_accounts(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    own_id = people.named(who).id if who != "nobody" else people.bob.id
    stranger = people.root if who == "eve" else people.eve
    actions = {
        "list": ("GET", "/api/users", None),
        "self": ("GET", f"/api/users/{own_id}", None),
        "classmate": ("GET", f"/api/users/{people.mia.id}", None),
        "stranger": ("GET", f"/api/users/{stranger.id}", None),
        "edit-other": ("PATCH", f"/api/users/{people.mia.id}", {"active": True}),
        "edit-self": ("PATCH", f"/api/users/{own_id}", {"role": "admin"}),
        "delete-other": ("DELETE", f"/api/users/{people.mia.id}", None),
    }
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, actions, may) == may


async def test_one_finds_those_of_ones_groups_and_an_administrator_everybody(
    people: Cast,
) -> None:
    async def found(who: str, search: str) -> list[str]:
        listed = await people.named(who).get(f"/api/users?search={search}")
        return [user["username"] for user in listed["users"]]

    assert await found("bob", "") == ["ann", "mia", "bob"]
    assert await found("eve", "") == ["eve"]
    assert await found("root", "") == ["root", "ann", "mia", "bob", "eve"]
    assert await found("bob", "M") == ["mia"]
    assert await found("bob", "eve") == []
    await people.mia.patch("/api/me", {"name": "Zoe\u0308 Ann"})
    for typed in ("%EF%BD%8D", "mia%C2%A0", "zoe%CC%88%20", "ZO%C3%8B%C2%A0ann", "%E2%80%8Bmi"):
        assert await found("bob", typed) == ["mia"], typed
    for literal in ("%25", "_", "%5C", "'", "%00x"[3:]):
        await found("root", literal)
    assert await found("root", "_") == []
    assert await found("root", "%25") == []


async def test_an_email_is_for_oneself_and_administrators(people: Cast) -> None:
    await people.bob.patch("/api/me", {"email": "bob@example.org"})
    path = f"/api/users/{people.bob.id}"
    assert (await people.bob.get(path))["email"] == "bob@example.org"
    assert (await people.root.get(path))["email"] == "bob@example.org"
    assert "email" not in await people.ann.get(path)
    listed = await people.ann.get("/api/users?search=bob")
    assert "email" not in listed["users"][0]
    members = await people.ann.get(f"/api/groups/{people.group['id']}/members")
    assert all("email" not in member for member in members["members"])


async def test_who_is_inactive_is_signed_out_everywhere_at_once(app: Quart, people: Cast) -> None:
    path = f"/api/users/{people.bob.id}"
    assert (await people.root.patch(path, {"active": False}))["active"] is False
    await people.bob.get("/api/me", status=401)
    await browser(app).post("/api/sessions", {"username": "bob", "password": PASSWORD}, 401)
    await people.root.patch(path, {"active": True})
    await people.bob.get("/api/me", status=401)
    await browser(app).post("/api/sessions", {"username": "bob", "password": PASSWORD})


async def test_a_role_given_or_taken_counts_at_once(people: Cast) -> None:
    path = f"/api/users/{people.bob.id}"
    await people.root.patch(path, {"role": "admin"})
    await people.bob.get(f"/api/users/{people.eve.id}")
    await people.root.patch(path, {"role": "member"})
    await people.bob.get(f"/api/users/{people.eve.id}", status=404)


async def test_the_last_administrator_stays(people: Cast) -> None:
    path = f"/api/users/{people.root.id}"
    problem(await people.root.ask("PATCH", path, {"role": "member"}), 409, "last_admin")
    problem(await people.root.ask("PATCH", path, {"active": False}), 409, "last_admin")
    problem(await people.root.ask("DELETE", path), 409, "last_admin")
    problem(await people.root.ask("DELETE", "/api/me"), 409, "last_admin")
    await people.root.patch(f"/api/users/{people.bob.id}", {"role": "admin"})
    await people.root.patch(f"/api/users/{people.bob.id}", {"active": False})
    problem(await people.root.ask("DELETE", path), 409, "last_admin")


@pytest.mark.parametrize("how", ["step-down", "delete", "each-other", "leave-and-unmake"])
async def test_of_two_administrators_who_go_at_once_one_stays(people: Cast, how: str) -> None:
    await people.root.patch(f"/api/users/{people.eve.id}", {"role": "admin"})
    root, eve = f"/api/users/{people.root.id}", f"/api/users/{people.eve.id}"
    demoted = {"role": "member"}
    if how == "step-down":
        going = (people.root.ask("PATCH", root, demoted), people.eve.ask("PATCH", eve, demoted))
    elif how == "delete":
        going = (people.root.ask("DELETE", "/api/me"), people.eve.ask("DELETE", "/api/me"))
    elif how == "each-other":
        going = (people.root.ask("PATCH", eve, demoted), people.eve.ask("PATCH", root, demoted))
    else:
        left = people.eve.ask("DELETE", "/api/me")
        going = (left, people.root.ask("PATCH", root, {"active": False}))
    answers = await asyncio.gather(*going)
    assert [answer.status < 300 for answer in answers].count(True) == 1, answers
    after = [await who.ask("GET", "/api/me") for who in (people.root, people.eve)]
    assert [answer.body.get("role") for answer in after].count("admin") == 1


async def test_a_deleted_persons_posts_stay_without_an_author(people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "mine"})
    await people.bob.put(f"/api/posts/{post['id']}/reactions/👍")
    await people.root.delete(f"/api/users/{people.bob.id}")
    after = await people.ann.get(f"/api/posts/{post['id']}")
    assert (after["author"], after["text"], after["reactions"]) == (None, "mine", [])
    members = await people.ann.get(f"/api/groups/{people.group['id']}/members")
    assert people.bob.id not in [member["id"] for member in members["members"]]
    await people.bob.get("/api/me", status=401)
    problem(await people.root.ask("GET", f"/api/users/{people.bob.id}"), 404, "not_found")
    await people.ann.delete(f"/api/posts/{post['id']}")


async def test_the_last_owner_of_a_group_hands_over_first(people: Cast) -> None:
    for refused in (
        await people.ann.ask("DELETE", "/api/me"),
        await people.root.ask("DELETE", f"/api/users/{people.ann.id}"),
    ):
        assert "class" in problem(refused, 409, "last_owner")["detail"]
    path = f"/api/groups/{people.group['id']}/members/{people.mia.id}"
    await people.ann.put(path, {"role": "owner"})
    answers = await asyncio.gather(
        people.ann.ask("DELETE", "/api/me"), people.mia.ask("DELETE", "/api/me")
    )
    assert sorted(answer.status for answer in answers) == [204, 409]
