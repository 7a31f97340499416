"""What administrators look through: the people and the groups of the server."""

from typing import Any

from api.context import Services
from tests.api.browser import problem
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.crowd import gather_crowd
from tests.support.people import Visitor
from tests.test_statements import counted

PEOPLE, GROUPS = "/api/admin/users", "/api/admin/groups"
LISTS_OF_PEOPLE = [
    f"{PEOPLE}?sort={order}"
    for order in ("name", "username", "registered", "seen", "bytes", "groups")
]
LISTS_OF_GROUPS = [
    f"{GROUPS}?sort={order}" for order in ("name", "created", "posted", "members", "bytes")
]


@rows("""
         people  groups
nobody   401     401
eve      403     403
bob      403     403
ann      403     403
root     200     200
""")
async def test_who_may_look_through_the_server(
    people: Cast, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor = visitor if who == "nobody" else people.named(who)
    actions = {"people": ("GET", PEOPLE, None), "groups": ("GET", GROUPS, None)}
    assert await tried(actor, actions, may) == may


async def test_an_account_is_shown_with_what_it_takes_and_no_secret(people: Cast) -> None:
    await people.bob.patch("/api/me", {"email": "bob@example.org"})
    await people.bob.upload(b"x" * 1000)
    await people.bob.put("/api/me/documents/notes", [1], status=201)
    (bob,) = (await people.root.get(f"{PEOPLE}?search=BOB"))["users"]
    assert bob.pop("created_at")
    assert bob == {
        "id": people.bob.id, "name": "Bob", "avatar": None, "username": "bob", "role": "member",
        "email": "bob@example.org", "email_confirmed": False, "state": "active",
        "may_enrol": False, "last_seen_on": bob["last_seen_on"], "groups": 1, "bytes": 1003,
    }  # fmt: skip


async def test_a_group_is_shown_with_what_it_takes_and_nothing_that_is_in_it(
    people: Cast,
) -> None:
    path = f"/api/groups/{people.group['id']}/channels"
    secret = await people.mia.post(path, {"name": "the surprise", "kind": "private"})
    file = await people.mia.upload(b"x" * 500)
    for channel_id in (people.channel["id"], secret["id"], secret["id"]):
        post = {"text": "a cake", "file_ids": [file["id"]]}
        last = await people.mia.post(f"/api/channels/{channel_id}/posts", post)
    await people.mia.put(f"/api/channels/{secret['id']}/documents/list", [1], status=201)
    answer = await people.root.get(GROUPS)
    (group,) = answer["groups"]
    ann = {"id": people.ann.id, "name": "Ann", "avatar": None, "username": "ann"}
    assert group == {
        "id": people.group["id"], "name": "class", "created_at": people.group["created_at"],
        "archived": False, "orphaned": False, "owners": [ann], "owner_count": 1, "members": 3,
        "last_post_at": last["created_at"], "bytes": 503,
    }  # fmt: skip
    assert "surprise" not in str(answer)
    await people.root.patch(f"/api/users/{people.ann.id}", {"active": False})
    (orphaned,) = (await people.root.get(f"{GROUPS}?state=orphaned"))["groups"]
    assert orphaned == {**group, "orphaned": True}


async def test_people_are_found_by_name_state_and_role(services: Services, people: Cast) -> None:
    await gather_crowd(services.database, 10, 1)
    await people.root.patch(f"/api/users/{people.eve.id}", {"active": False})

    async def found(query: str) -> tuple[list[str], int]:
        listed = await people.root.get(f"{PEOPLE}?{query}")
        return [user["username"] for user in listed["users"]], listed["total"]

    assert await found("state=inactive") == (["eve", "crowd0", "crowd7"], 3)
    assert await found("state=unclaimed") == (["crowd5"], 1)
    assert await found("role=admin") == (["root"], 1)
    assert await found("search=%EF%BD%92oo") == (["root"], 1)
    assert await found("search=person+3") == (["crowd3"], 1)
    assert await found("search=%25") == ([], 0)
    assert (await found("search=crowd&limit=2"))[1] == 10
    assert (await found("sort=registered&limit=1"))[0] == ["crowd9"]
    assert (await found("sort=groups&state=active&limit=1"))[0] == ["crowd9"]
    for wrong in ("sort=password_hash", "state=asleep", "before=1", "after=0"):
        problem(await people.root.ask("GET", f"{PEOPLE}?{wrong}"), 400, "invalid")


async def test_pages_show_each_thing_once_in_any_order(services: Services, people: Cast) -> None:
    await gather_crowd(services.database, 8, 8)
    lists = [(path, "users", 13) for path in LISTS_OF_PEOPLE]
    for path, plural, count in lists + [(path, "groups", 9) for path in LISTS_OF_GROUPS]:
        whole = await people.root.get(f"{path}&limit=100")
        assert len(whole[plural]) == whole["total"] == count
        seen = list[Any]()
        page: dict[str, Any] = {"next": None}
        for _ in range(0, count, 3):
            more = f"&after={page['next']}" if page["next"] else ""
            page = await people.root.get(f"{path}&limit=3{more}")
            seen += page[plural]
        assert (seen, page["next"]) == (whole[plural], None), path
        gone = await people.root.ask("GET", f"{path}&after=999")
        assert problem(gone, 400, "invalid")["fields"].keys() == {"after"}


async def test_a_list_of_two_hundred_costs_as_many_statements_as_one_of_twenty(
    services: Services, people: Cast
) -> None:
    costs: list[dict[str, int]] = []
    for more in (20, 180):
        await gather_crowd(services.database, more, more // 10, named=more)
        cost = {}
        for path in [*LISTS_OF_PEOPLE, *LISTS_OF_GROUPS, "/api/admin/acts?limit=100"]:
            with counted() as statements:
                await people.root.get(path)
            cost[path] = len(statements)
        costs.append(cost)
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 6
