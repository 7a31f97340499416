"""Groups: who may do what with one, and how one's own are listed."""

from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.examples import Example
from tests.support.people import Visitor

EXAMPLES = (
    Example(
        "POST /api/groups", {"name": "chess"}, makes="group_id", by=("bob", "eve", "ann"),
        oldest_first=True, often=0,
    ),
    Example("PATCH /api/groups/{group_id}", {"description": "Room 7"}, by=("ann",), often=0),
    Example("DELETE /api/groups/{group_id}", by=("ann",), often=0),
)  # fmt: skip


@rows("""
         list  make  show  edit  delete
nobody   401   401   401   401   401
root     200   201   404   404   404
eve      200   201   404   404   404
bob      200   201   200   403   403
mia      200   201   200   403   403
ann      200   201   200   200   204
""")
async def test_who_may_do_what_with_a_group(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    path = f"/api/groups/{people.group['id']}"
    actions = {
        "list": ("GET", "/api/groups", None),
        "make": ("POST", "/api/groups", {"name": "another"}),
        "show": ("GET", path, None),
        "edit": ("PATCH", path, {"description": "Room 7"}),
        "delete": ("DELETE", path, None),
    }
    actor = visitor if who == "nobody" else people.named(who)
    assert await tried(actor, actions, may) == may


async def test_who_makes_a_group_owns_it(people: Cast) -> None:
    made = await people.eve.post("/api/groups", {"name": "  chess  ", "description": "Fridays"})
    assert (made["name"], made["description"], made["role"]) == ("chess", "Fridays", "owner")
    assert made["created_at"].endswith("Z")
    assert await people.eve.get(f"/api/groups/{made['id']}") == made
    members = await people.eve.get(f"/api/groups/{made['id']}/members")
    assert [(member["id"], member["role"]) for member in members["members"]] == [
        (people.eve.id, "owner")
    ]


async def test_nothing_has_a_name_that_nobody_sees(people: Cast) -> None:
    group = f"/api/groups/{people.group['id']}"
    for method, path, field in (
        ("POST", "/api/groups", "name"),
        ("PATCH", group, "name"),
        ("POST", f"{group}/channels", "name"),
        ("PATCH", f"/api/channels/{people.channel['id']}", "name"),
        ("PATCH", "/api/me", "name"),
        ("POST", f"/api/channels/{people.channel['id']}/scores", "game"),
    ):
        for unseen in ("\u200b", "\u2800", "\u3164\u115f", "\u00a0\u2060\ufeff\u200d\ufe0f"):
            body = {field: unseen} | ({"points": 1} if field == "game" else {})
            answer = await people.ann.ask(method, path, body)
            assert problem(answer, 400, "invalid")["fields"].keys() == {field}, (path, unseen)


async def test_only_what_is_given_changes(people: Cast) -> None:
    path = f"/api/groups/{people.group['id']}"
    await people.ann.patch(path, {"description": "Room 7"})
    edited = await people.ann.patch(path, {"name": "Class 7b"})
    assert (edited["name"], edited["description"]) == ("Class 7b", "Room 7")
    assert await people.ann.patch(path, {}) == edited
    assert await people.bob.get(path) == {**edited, "role": "member"}
    await people.ann.patch(path, {"name": " "}, status=400)


async def test_the_list_has_ones_own_groups_with_ones_role_and_where_to_follow(
    people: Cast,
) -> None:
    for person, role in ((people.ann, "owner"), (people.mia, "moderator"), (people.bob, "member")):
        listed = await person.get("/api/groups")
        assert listed["groups"] == [{**people.group, "role": role, "unread": False}]
        assert listed["next"] is None
        assert listed["live"]["topics"].keys() == {f"user:{person.id}"}
    for stranger in (people.eve, people.root):
        assert (await stranger.get("/api/groups"))["groups"] == []


async def test_a_deleted_group_takes_everything_along(people: Cast) -> None:
    post = await people.bob.post(people.posts, {"text": "Bye"})
    await people.ann.delete(f"/api/groups/{people.group['id']}")
    for path in (
        f"/api/groups/{people.group['id']}",
        f"/api/groups/{people.group['id']}/channels",
        f"/api/channels/{people.channel['id']}",
        f"/api/posts/{post['id']}",
        people.posts,
    ):
        problem(await people.bob.ask("GET", path), 404, "not_found")
    assert (await people.bob.get("/api/groups"))["groups"] == []
    await people.bob.get(f"/api/users/{people.ann.id}", status=404)


async def test_a_new_group_never_has_the_number_of_a_deleted_one(people: Cast) -> None:
    """Else it would inherit its log, and who followed that one."""
    await people.ann.delete(f"/api/groups/{people.group['id']}")
    made = await people.ann.post("/api/groups", {"name": "next"})
    assert made["id"] > people.group["id"]
    channel = await people.ann.post(f"/api/groups/{made['id']}/channels", {"name": "general"})
    assert channel["id"] > people.channel["id"]


async def test_what_is_not_there_is_not_found(people: Cast) -> None:
    for missing in (0, 999_999, 10**18 - 1, 10**18, 2**63, 10**30, -1):
        for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
            answer = await people.root.ask(method, f"/api/groups/{missing}", body)
            problem(answer, 404, "not_found")
